"""A driver that lies: the suite has to find each lie out, and say what it is."""

import json
import os
import sys
import time

LIE = sys.argv[1]
OPS = {"open", "create-code", "join", "contact", "consent", "send-frame", "end", "close"}


def say(line):
    print(json.dumps(line), flush=True)


def answer(number, op, session):
    if LIE == "silent":
        return
    if LIE == "mumbles":
        # No text, as of a library that knows nothing of UTF-8; and a line that does not end.
        os.write(2, b"\xe9\n" + b"." * 100_000)
    if LIE == "garbage":
        print("coffee?", flush=True)
    elif LIE == "crash":
        sys.exit("there is no display")
    elif op == "hello":
        has = ["clocks"] if LIE == "mistypes" else []
        say({"id": number, "ok": {"driver": 1, "name": "liar", "version": "0", "roles": ["sharer"],
                                  "capabilities": has}})
    elif LIE == "always-ok":
        say({"id": number, "ok": {}})
    elif LIE == "always-reject":
        say({"id": number, "err": {"class": "misuse", "detail": "not now"}})
    elif op not in OPS:
        say({"id": number, "unsupported": {}})
    elif LIE == "does-nothing" and op == "create-code":
        # It is a sharer, and knows at least that.
        say({"id": number, "err": {"class": "misuse", "detail": "a helper does that"}})
    elif LIE == "does-nothing":
        say({"id": number, "ok": {}})
    elif LIE == "rejects":
        say({"id": number, "err": {"class": "misuse", "detail": "not now"}})
    elif LIE in ("has-nothing", "mumbles"):
        say({"id": number, "unsupported": {}})
    elif LIE == "breaks-down":
        print("out of memory", file=sys.stderr, flush=True)
        os._exit(1)
    elif LIE == "slow":
        time.sleep(60)
    elif LIE == "invents":
        say({"event": "happy", "session": session})
    elif LIE == "answers-twice":
        say({"id": number, "ok": {}})
        say({"id": number, "ok": {}})
    elif LIE == "floods":
        say({"id": number, "ok": {}})
        while op == "join":
            say({"event": "connected", "session": session})
    elif LIE == "tells-half":
        say({"event": "phrase", "session": session})
    elif LIE == "tells-elsewhere":
        say({"event": "connected", "session": "another"})
    elif LIE in ("tells-early", "tells-of-a-helper"):
        told = {"event": "connected"} if LIE == "tells-early" else {"event": "code", "code": "4060-r0gx"}
        if LIE == "tells-early" and op == "join":
            say({**told, "session": session})
        say({"id": number, "ok": {}})
        if LIE == "tells-of-a-helper" and op == "join":
            say({**told, "session": session})


for text in sys.stdin:
    command = json.loads(text)
    answer(command["id"], command["op"], command.get("session"))
