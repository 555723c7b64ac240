#!/usr/bin/env python3
"""Writes messages.jsonl: the rows of sample.jsonl, then those of the families in the modules beside this file.

    generate.py            writes the file
    generate.py --count    tells how many rows each family has
The same source gives the same bytes. README.md says what the rows are for and which rules they meet."""
import collections, json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import hostile_bodies, hostile_requests, legitimate, subjects


def sample():
    with open(os.path.join(HERE, "sample.jsonl")) as f:
        return [json.loads(line) for line in f]


def families():
    """Every function of these modules that is not a helper is a family; its rows carry its name."""
    for module in (hostile_bodies, subjects, hostile_requests, legitimate):
        for name, family in vars(module).items():
            if callable(family) and getattr(family, "__module__", None) == module.__name__ and not name.startswith("_"):
                yield name.replace("_", "-"), family


def rows():
    made = sample()
    for group, family in families():
        for case in family():
            made.append({"id": "%s/%s" % (group, case.pop("id")), "group": group, **case})
    return made


def text():
    return "".join(json.dumps(case, ensure_ascii=True) + "\n" for case in rows())


if __name__ == "__main__":
    if "--count" in sys.argv:
        for group, n in collections.Counter(case["group"] for case in rows()).items():
            print("%5d %s" % (n, group))
    else:
        with open(os.path.join(HERE, "messages.jsonl"), "w") as f:
            f.write(text())
