#!/usr/bin/env python3
"""The keys of docs/schemas are the keys that the readers take and the writers write: a key that is added on one side alone is found.

YAML readers answer an unknown key with the list of those they know, so they are asked; log and case readers are read in their source.
"""
import json
import pathlib
import re
import sys
import tempfile

import evidence

FAULTS = []


def fault(text):
    FAULTS.append(text)
    print("FAIL", text)


def resolve(schema, root):
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        merged = dict(resolve(target, root))
        for key, value in schema.items():
            merged[key] = {**merged.get(key, {}), **value} if key == "properties" else value
        return merged
    return schema


def variants(schema, root):
    schema = resolve(schema, root)
    if "anyOf" in schema and "properties" not in schema:
        for part in schema["anyOf"]:
            yield from variants(part, root)
    else:
        yield schema


def objects(schema, root, path=()):
    """(path, properties) of every object with a fixed set of keys; 0 in a path is a place in a list."""
    for variant in variants(schema, root):
        if "properties" in variant:
            yield path, variant["properties"]
            for key, value in variant["properties"].items():
                if value is not False:
                    yield from objects(value, root, (*path, key))
        if isinstance(variant.get("items"), dict):
            yield from objects(variant["items"], root, (*path, 0))


def document(path, value):
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    if isinstance(value, dict):
        value.setdefault("version", 1)
    return value


def check_yaml_reader(minslice, folder, schema, command):
    """Asks the reader for the keys of every map by one that it cannot know."""
    stranger = "zzqx9"
    file = folder / "asked.yaml"

    def answer(value):
        file.write_text(json.dumps(value))
        return evidence.run(minslice, *command(file), expect=(2,)).stderr

    for path, properties in objects(schema, schema):
        name = ".".join(str(step) for step in path if step != 0)
        text = answer(document(path, {stranger: 1}))
        found = re.search(rf'unknown key "{re.escape(name + "." if name else "")}{stranger}"; known: (.*)', text)
        if not found:
            # A list of maps is named without its place in some messages, or the map is read by another branch.
            found = re.search(rf'unknown key "[^"]*{stranger}"; known: (.*)', text)
        if not found:
            fault(f"{schema['title']}: the reader does not refuse an unknown key in {name or 'the top'}: {text.strip()}")
            continue
        known = set(found.group(1).split(", ")) | (set() if path else {"version"})
        for key in sorted(set(properties) - known):
            fault(f"{schema['title']}: the schema has {name}.{key}, the reader does not know it")
        for key in sorted(known - set(properties)):
            if not re.search("not supported by this version|keeps its exit code", answer(document(path, {key: 1}))):
                fault(f"{schema['title']}: the reader takes {name}.{key}, docs/schemas does not have it")


def function_body(source, name):
    start = source.index(name)
    depth, i = 0, source.index("{", start)
    for j in range(i, len(source)):
        depth += {"{": 1, "}": -1}.get(source[j], 0)
        if depth == 0:
            return source[i:j]
    raise AssertionError(name)


def check_log(top, schema):
    reader = (top / "src/log/log_reader.cc").read_text()
    writer = (top / "src/log/log_writer.cc").read_text()
    for kind, read, written in (("run", "void ReadRun", "std::string RunRecordLine"), ("case", "void ReadCase", "std::string CaseRecordLine"),
                                ("end", "void ReadEnd", "std::string EndRecordLine"), ("stop", "void ReadStop", "std::string StopRecordLine")):
        properties = set(schema["$defs"][kind]["properties"])
        taken = set(re.findall(r'key == "(\w+)"|record\["(\w+)"\]', function_body(reader, read)))
        taken = {a or b for a, b in taken} | {"record"}
        put = set(re.findall(r'line\.\w+\("(\w+)"', function_body(writer, written))) | {"record"}
        for what, keys in (("reader takes", taken), ("writer writes", put)):
            for key in sorted(keys - properties):
                fault(f"log, {kind}: the {what} {key}, docs/schemas does not have it")
        for key in sorted(properties - taken):
            fault(f"log, {kind}: the schema has {key}, the reader does not know it")


def check_case(top, schema):
    body = function_body((top / "src/suite/case_reader.cc").read_text(), "CaseKeys()")
    known = set(re.findall(r'"(\w+)"', body))
    if known != set(schema["properties"]):
        fault(f"case: reader and schema differ in {sorted(known ^ set(schema['properties']))}")


def check_verdict(verdicts, schema):
    """Every key of a written verdict stands in the schema, and every key of the schema in a written verdict."""
    seen = set()

    def walk(value, part, path):
        for variant in variants(part, schema):
            if isinstance(value, list) and isinstance(variant.get("items"), dict):
                for item in value:
                    walk(item, variant["items"], (*path, 0))
            if isinstance(value, dict) and "properties" in variant:
                for key, inner in value.items():
                    if key not in variant["properties"]:
                        if (*path, key) not in seen:
                            fault(f"verdict: {'.'.join(map(str, (*path, key)))} is written, docs/schemas does not have it")
                    else:
                        walk(inner, variant["properties"][key], (*path, key))
                    seen.add((*path, key))

    for verdict in verdicts:
        walk(json.loads(verdict.read_text()), schema, ())
    for path, properties in objects(schema, schema):
        for key in properties:
            if (*path, key) not in seen:
                fault(f"verdict: the schema has {'.'.join(map(str, (*path, key)))}, no verdict of this test holds it")


def check_documents(top, schemas):
    """Each key is described on its format's page."""
    for name, page in (("suite", "suite"), ("case", "suite"), ("policy", "policy"), ("log", "log"), ("verdict", "verdict"), ("counts", "counts")):
        text = (top / f"docs/formats/{page}.md").read_text()
        records = {"log": ("run", "case", "end", "stop"), "counts": ("counts", "side", "cases", "log", "end")}.get(name)
        roots = list(schemas[name]["$defs"][k] for k in records) if records else [schemas[name]]
        for root in roots:
            for path, properties in objects(root, schemas[name]):
                for key in properties:
                    if not re.search(rf"\b{re.escape(key)}\b", text):
                        fault(f"docs/formats/{page}.md does not name {'.'.join(str(s) for s in (*path, key) if s != 0)}")


def check_strictness(schemas):
    """An object says what other keys it may have, so that a typo is seen."""
    def walk(name, value):
        if isinstance(value, dict):
            if value.get("type") == "object" and not {"additionalProperties", "oneOf"} & set(value):
                fault(f"{name}: an object without additionalProperties: {json.dumps(value)[:80]}")
            for key, inner in value.items():
                if key not in ("if", "then", "else"):
                    walk(name, inner)
        elif isinstance(value, list):
            for inner in value:
                walk(name, inner)

    for name, schema in schemas.items():
        walk(name, schema)


def main():
    options = evidence.arguments()
    schemas = {}
    for name in ("suite", "case", "policy", "log", "verdict", "counts"):
        text = (options.top / f"docs/schemas/{name}.schema.json").read_text()
        schemas[name] = json.loads(text)
        if evidence.run(options.minslice, "schema", name).stdout != text:
            fault(f"minslice schema {name} is not docs/schemas/{name}.schema.json")
    with tempfile.TemporaryDirectory(prefix="minslice-schemas-") as folder:
        folder = pathlib.Path(folder)
        check_yaml_reader(options.minslice, folder, schemas["policy"],
                          lambda file: ("gate", file, "--incumbent", "/dev/null", "--candidate", "/dev/null"))
        check_yaml_reader(options.minslice, folder, schemas["suite"], lambda file: ("suite", "lint", file))
        check_verdict(evidence.make(options.minslice, folder), schemas["verdict"])
    check_log(options.top, schemas["log"])
    check_case(options.top, schemas["case"])
    check_documents(options.top, schemas)
    check_strictness(schemas)
    print(f"{len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
