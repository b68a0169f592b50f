#!/usr/bin/python3 -B
# area: front-door
# timeout: 300
"""The AWS SDK for JavaScript, version 3, from npm: javascript/flow.mjs is the program.

What npm fetches goes to build/clients/javascript, once for each content of package-lock.json.
"""
import filecmp
import os
import shutil
import subprocess
import sys
import unittest

from support import HERE, TREE, need_program

from client import register_image

SOURCE = os.path.join(HERE, "javascript")
HOME = os.path.join(TREE, "build", "clients", "javascript")


def installed():
    """The folder with node_modules that belongs to the lock file as it is."""
    done = os.path.join(HOME, "package-lock.json")  # put there when all is there
    if not (os.path.exists(done)
            and filecmp.cmp(done, os.path.join(SOURCE, "package-lock.json"), shallow=False)):
        shutil.rmtree(HOME, ignore_errors=True)
        fresh = HOME + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(os.path.join(SOURCE, name), os.path.join(fresh, name))
        # No script of a package runs; those of the SDK need none.
        subprocess.run([need_program("npm"), "ci", "--ignore-scripts", "--prefer-offline",
                        "--no-audit", "--no-fund"],
                       cwd=fresh, stdin=subprocess.DEVNULL, check=True, timeout=240,
                       stdout=sys.stderr)
        os.rename(fresh, HOME)
    shutil.copyfile(os.path.join(SOURCE, "flow.mjs"), os.path.join(HOME, "flow.mjs"))
    return HOME


def main():
    node = need_program("node")
    folder = installed()
    image = register_image("for-javascript")
    env = dict(os.environ, AWS_REGION=os.environ["AWS_DEFAULT_REGION"], NODE_NO_WARNINGS="1")
    sys.stdout.flush()
    return subprocess.run([node, "flow.mjs", image], cwd=folder, env=env, timeout=180,
                          stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except unittest.SkipTest as skipped:
        print(skipped)
        sys.exit(77)
