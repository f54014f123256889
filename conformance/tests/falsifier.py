"""A driver between the suite and another: in what the suite says, FROM becomes TO.

    falsifier.py FROM TO COMMAND...
"""

import subprocess
import sys

wrong, instead, *command = sys.argv[1:]
with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as driver:
    for line in sys.stdin:
        driver.stdin.write(line.replace(wrong, instead))
        driver.stdin.flush()
    driver.kill()
