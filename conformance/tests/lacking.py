"""A driver before another, which says that it lacks a capability: lacking.py CAPABILITY COMMAND..."""

import json
import subprocess
import sys

lacks, *command = sys.argv[1:]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
    for line in driver.stdout:
        said = json.loads(line)
        capabilities = said.get("ok", {}).get("capabilities", [])
        if lacks in capabilities:
            capabilities.remove(lacks)
        print(json.dumps(said), flush=True)
