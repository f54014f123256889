"""A driver before another, which ends when it is told to OP for the N-th time: leaving.py OP N COMMAND..."""

import subprocess
import sys

op, left, *command = sys.argv[1:]
left = int(left)
with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as driver:
    for line in sys.stdin:
        left -= f'"op":"{op}"' in line
        if left == 0:
            driver.kill()
            driver.wait()
            sys.exit("that is enough")
        driver.stdin.write(line)
        driver.stdin.flush()
    driver.kill()
