"""Holds a file to the XML Schema of JUnit as CI servers have it (junit-10.xsd), and its numbers to what is in it.

Prints the numbers of cases, failures, errors and skipped cases.
"""

import sys
import xml.etree.ElementTree as tree

NUMBERS = ("tests", "failures", "errors", "skipped")
# Of each element: attributes, those that it must have, and children, in their order.
SHAPE = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set(), ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        {"name", "tests", "failures", "errors"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "testcase": ({"name", "time", "classname", "group"}, {"name", "classname", "time"}, ["skipped", "error", "failure"]),
    "failure": ({"type", "message"}, {"type", "message"}, []),
    "error": ({"type", "message"}, {"type", "message"}, []),
    "skipped": ({"type", "message"}, {"message"}, []),
}


def shape(element):
    may, must, children = SHAPE[element.tag]
    has = set(element.keys())
    assert must <= has <= may, f"{element.tag} has {sorted(has)}"
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places), f"{element.tag} has its children in another order"
    assert element.tag != "testcase" or len(element) <= 1, f"{element.get('name')} has two marks"
    for number in {"time", *NUMBERS} & has:
        assert float(element.get(number)) >= 0, f"{number} of {element.tag}"
    for child in element:
        shape(child)


def numbers(element):
    marks = (len(list(element.iter(mark))) for mark in ("failure", "error", "skipped"))
    return len(list(element.iter("testcase"))), *marks


root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites", root.tag
shape(root)
for element in (root, *root):
    said = tuple(int(element.get(number)) if element.get(number) else None for number in NUMBERS)
    there = tuple(None if one is None else other for one, other in zip(said, numbers(element)))
    assert said == there, f"{element.tag} says {said}, and has {there}"
print(*numbers(root))
