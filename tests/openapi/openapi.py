"""Renders docs/openapi.json: the operations of operations.txt with the schemas that the program
openapi_schemas makes from the field tables.
"""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "openapi.json"
# What writes answer, beside "nothing" and schemas.
PLAIN = {
    "true": ("application/json", {"type": "boolean"}),
    "json": ("application/json", {}),
    "text": ("text/plain", {"type": "string"}),
    "bytes": ("application/octet-stream", {"type": "string", "format": "binary"}),
}


def lines_of(name):
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def parameters():
    """Parameters by name, and groups of their names."""
    known, groups = {}, {}
    for line in lines_of("parameters.txt"):
        if line.startswith("$"):
            name, names = line.split(" = ")
            groups[name] = names.split()
            continue
        name, kind, what = line.split(" | ")
        # A flag counts when it is there, whatever its value.
        schema = {"type": "string", "enum": [""]} if kind == "flag" else {"type": kind}
        known[name] = {"name": name, "in": "query", "description": what, "schema": schema,
                       **({"allowEmptyValue": True} if kind == "flag" else {})}
    return known, groups


def expanded(names, groups):
    for name in names:
        yield from groups[name] if name.startswith("$") else [name]


def schema_of(word, schemas):
    """(media type, schema) of a body or answer."""
    if word in PLAIN:
        return PLAIN[word]
    name = word.strip("[]{}")
    if name not in schemas:
        raise AssertionError(f"operations.txt: no schema {name}")
    schema = {"$ref": f"#/components/schemas/{name}"}
    if word.startswith("["):
        schema = {"type": "array", "items": schema}
    if word.startswith("{"):
        schema = {"type": "object", "additionalProperties": schema}
    return "application/json", schema


def operation(fields, path, groups, schemas):
    what, query, body, answer = fields
    used = [{"$ref": f"#/components/parameters/{name}"}
            for name in expanded(query.split(), groups)]
    for name in re.findall(r"\{(\w+)\}", path):
        used.insert(0, {"name": name, "in": "path", "required": True,
                        "schema": {"type": "string"}})
    result = {"summary": what, "parameters": used}
    if body:
        media, schema = schema_of(body, schemas)
        result["requestBody"] = {"content": {media: {"schema": schema}}}
    good = {"description": "Done"}
    if answer != "nothing":
        media, schema = schema_of(answer, schemas)
        good["content"] = {media: {"schema": schema}}
    result["responses"] = {"200": good, "default": {
        "description": "An error, in a sentence",
        "content": {"text/plain": {"schema": {"type": "string"}}}}}
    return result


def operations():
    """(method, path, the other columns)."""
    for line in lines_of("operations.txt"):
        call, *fields = (column.strip() for column in line.split("|"))
        method, path = call.split()
        yield method, path, fields


def render(program):
    schemas = json.loads(subprocess.run([program], capture_output=True, text=True,
                                        check=True).stdout)
    known, groups = parameters()
    paths = {}
    for method, path, fields in operations():
        paths.setdefault(path, {})[method.lower()] = operation(fields, path, groups, schemas)
    document = {
        "openapi": "3.0.3",
        "info": {
            "title": "Conclave",
            "version": "1",
            "description": "The HTTP API of an agent or server. Rendered from "
                           "tests/openapi/operations.txt and the field tables of api/model; a "
                           "test compares: tests/openapi/openapi_test.py --rewrite.",
        },
        "paths": paths,
        "components": {"parameters": known, "schemas": schemas},
    }
    return json.dumps(document, indent=1) + "\n"
