"""A driver between the suite and another: in what the suite says, FROM becomes TO.

    falsifier.py [--from FILE N] FROM TO COMMAND...

With --from only from the N-th FROM on, counted in FILE over all that are started.
"""

import subprocess
import sys

arguments = sys.argv[1:]
counted, first = None, 1
if arguments[0] == "--from":
    counted, first, *arguments = arguments[1:]
wrong, instead, *command = arguments


def count():
    if counted is None:
        return 1
    with open(counted, "a+") as file:
        file.write("x")
        return file.tell()


with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as driver:
    for line in sys.stdin:
        if wrong in line and count() >= int(first):
            line = line.replace(wrong, instead)
        driver.stdin.write(line)
        driver.stdin.flush()
    driver.kill()
