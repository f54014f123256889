"""A relay whose set-up file cannot be written anew: unwritable.py SETUP COMMAND..."""

import os
import shutil
import subprocess
import sys

setup, *command = sys.argv[1:]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
    print(relay.stdout.readline(), end="", flush=True)
    shutil.rmtree(os.path.dirname(setup))
    for line in relay.stdout:
        print(line, end="", flush=True)
