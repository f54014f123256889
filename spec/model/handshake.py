#!/usr/bin/env python3
"""Checks handshake.vp with Verifpal, then with one fault at a time, and says which queries fail.

    spec/model/handshake.py [path of verifpal]

Fails when a model does not fail exactly the queries that are written here. Verifpal is a program of its
own (GPL-3.0) that this project neither contains nor links; see handshake.md.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = Path(__file__).with_name("handshake.vp")

# Where something is told to everybody before it is over, or afterwards.
FIRST = "// Step 1, in `join`"
AWAY = "// The link is lost."
OVER = "principal Witness["

FIRST_SESSION = ["name", "screen", "typed"]
OFFERS = ["Sharer -> Helper: offer", "Helper -> Sharer: choice"]
WAY_BACK = ["Helper -> Sharer: state1", "Sharer -> Helper: frame_again"]

# What each is: a name, what is replaced by what, the queries that fail then, and the queries that are
# asked, if not all. An attacker who has a key can say so much that only few are asked in reasonable time.
MODELS = [
    ("as specified; the code is told when all is over", [], [], None),
    (
        "fault: the offer and the choice are not in the prologue",
        [("CONCAT(offer, xstar)", "xstar"), ("CONCAT(choice, ystar)", "ystar")],
        OFFERS,
        OFFERS,
    ),
    (
        "fault: the code is known before the join",
        [("\tleaks code\n", "\t_ = HASH(code)\n"), (FIRST, f"principal Sharer[\n\tleaks code\n]\n\n{FIRST}")],
        ["psk_h", "name", "Sharer -> Helper: c2"],
        ["psk_h", "name", "Sharer -> Helper: c2"],
    ),
    (
        "fault: the code is the pre-shared key, without SPAKE2",
        [
            ("psk_h = HKDF(nil, spake_key_h, psk_label)", "psk_h = HKDF(nil, code, psk_label)"),
            ("psk_s = HKDF(nil, spake_key_s, psk_label)", "psk_s = HKDF(nil, code, psk_label)"),
        ],
        ["psk_h", "psk_s"],
        ["psk_h", "psk_s"],
    ),
    (
        "fault: the elements are not masked",
        [
            ("ENC(wm_s, PUBKEY(x))", "PUBKEY(x)"),
            ("ENC(wn_h, PUBKEY(y))", "PUBKEY(y)"),
            ("DEC(wm_h, xstar)", "xstar"),
            ("DEC(wn_s, ystar)", "ystar"),
        ],
        ["psk_h"],
        ["psk_h"],
    ),
    (
        "fault: a reconnect has no pre-shared key",
        [
            ("rpsk_h = HKDF(master_h, nil, reconnect_label)", "rpsk_h = HKDF(nil, nil, reconnect_label)"),
            ("rpsk_s = HKDF(master_s, nil, reconnect_label)", "rpsk_s = HKDF(nil, nil, reconnect_label)"),
        ],
        ["screen_again", *WAY_BACK],
        ["screen_again", *WAY_BACK],
    ),
    (
        "limit: the first master is stolen when all is over",
        [(OVER, f"principal Sharer[\n\tleaks master_s\n]\n\n{OVER}")],
        FIRST_SESSION,
        FIRST_SESSION,
    ),
    (
        "limit: the second master is stolen when all is over",
        [(OVER, f"principal Sharer[\n\tleaks next_s\n]\n\n{OVER}")],
        ["screen_again"],
        ["screen_again"],
    ),
    (
        "limit: the first master is stolen before the reconnect",
        [(AWAY, f"principal Sharer[\n\tleaks master_s\n]\n\n{AWAY}")],
        ["screen_again", *WAY_BACK],
        ["screen_again", *WAY_BACK],
    ),
]


def first_part(text):
    """The text without what follows the first sealed message."""
    return text[: text.index("// After consent")] + text[text.index("// All is over") :]


def asked(text, queries):
    """The text with these of its queries alone."""
    head, rest = text.split("queries[\n")
    lines = [line for line in rest.splitlines() if line.strip().split("? ", 1)[-1] in queries]
    return head + "queries[\n" + "\n".join(lines) + "\n]\n"


def failing(verifpal, text):
    """The queries that fail, as they stand in the model without their kind, and how many there were."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "handshake.vp"
        file.write_text(text)
        command = [verifpal, "verify", str(file), "--sessions", "1"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    _, done, summary = run.stdout.partition("Verification completed")
    if not done:
        sys.exit(run.stdout)
    lines = [line.strip() for line in summary.splitlines() if "? " in line]
    failed = [line.split("? ", 1)[1] for line in lines if line.startswith("FAIL")]
    return sorted(failed), len([line for line in lines if line.startswith(("FAIL", "PASS"))])


def main():
    verifpal = sys.argv[1] if len(sys.argv) > 1 else "verifpal"
    text = MODEL.read_text()
    wrong = 0
    for name, changes, wanted, queries in MODELS:
        changed = text
        for old, new in changes:
            if old not in changed:
                sys.exit(f"{name}: `{old}` is not in {MODEL.name}")
            changed = changed.replace(old, new)
        if queries is not None:
            changed = asked(first_part(changed) if "psk_h" in queries else changed, queries)
        failed, count = failing(verifpal, changed)
        verdict = "as written" if failed == sorted(wanted) else "NOT AS WRITTEN"
        wrong += failed != sorted(wanted)
        print(f"{name}: {len(failed)} of {count} queries fail, {verdict}", flush=True)
        for query in failed:
            print(f"    {query}", flush=True)
    print(f"{len(MODELS)} models: {wrong} not as written")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
