"""The OpenAPI document as Markdown: each operation, and each schema."""

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from scapi import create_app
from scapi.http.openapi import api
from scapi.settings import read_settings

METHODS = ("get", "post", "put", "patch", "delete")


def openapi() -> dict[str, Any]:
    """Return the document that scapi serves with its default settings."""
    with tempfile.TemporaryDirectory() as folder:
        defaults = {"SCAPI_DATA_DIR": folder, "SCAPI_JWT_SECRET": "no token is made or read here, so this is no secret"}
        create_app(read_settings(defaults))
        document: dict[str, Any] = api.spec.to_dict()
    return document


def api_reference() -> str:
    """Return the whole reference: Markdown with a heading for each operation and schema."""
    document = openapi()
    lines = ["## Operations\n"]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                lines += _operation(method, path, item[method], item.get("parameters", []))
    lines.append("## Schemas\n")
    for name, schema in document["components"]["schemas"].items():
        lines += _schema(name, schema)
    return "\n".join(lines)


def _operation(method: str, path: str, operation: Mapping[str, Any], shared: list[Mapping[str, Any]]) -> Iterator[str]:
    yield f"### {operation.get('operationId') or operation['summary']}\n"
    yield f"`{method.upper()} {path}`\n"
    yield f"{operation['summary']}.\n"
    if operation.get("description"):
        yield f"{operation['description']}\n"
    if operation.get("security") == [{"bearer": []}]:
        yield "Needs a token.\n"
    parameters = [parameter for parameter in (*shared, *operation.get("parameters", [])) if "$ref" not in parameter]
    if parameters:
        yield "| parameter | in | type | what |\n|---|---|---|---|"
        for one in parameters:
            what = _what(one, one.get("required", False))
            yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {what} |"
        yield ""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"- Takes {_type(content['schema'])} as `{media_type}`"
    for status, response in operation["responses"].items():
        if int(status) < 400:
            for content in response.get("content", {"": {}}).values():
                yield f"- Answers {status}" + (f" with {_type(content['schema'])}" if "schema" in content else "")
    yield from _errors(operation["responses"])


def _errors(responses: Mapping[str, Any]) -> Iterator[str]:
    yield "- Errors are answered with [Error](#schema-error)\n"
    yield "| status | codes |\n|---|---|"
    for status, response in responses.items():
        if int(status) >= 400:
            name, codes = response["description"].partition("\n")[0], response["x-codes"]
            yield f"| {status} {name} | {', '.join(f'`{code}`' for code in codes)} |"
    yield ""


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"(schema-{name.lower()})=\n### {name}\n"
    if schema.get("description"):
        yield f"{schema['description']}\n"
    yield "| field | type | what |\n|---|---|---|"
    for field, its in schema.get("properties", {}).items():
        yield f"| `{field}` | {_type(its)} | {_what(its, field in schema.get('required', ()))} |"
    yield ""


def _what(described: Mapping[str, Any], required: bool) -> str:
    notes = ["required"] if required else []
    notes += [
        words for key, words in {"readOnly": "only answered", "writeOnly": "only sent"}.items() if described.get(key)
    ]
    its = described.get("schema", described)
    if its.get("default") not in (None, ""):
        notes.append(f"default `{its['default']}`")
    if "enum" in its:
        notes.append("one of " + ", ".join(f"`{value}`" for value in its["enum"] if value is not None))
    text = " ".join(described.get("description", "").split()).replace("|", "\\|")
    return ". ".join(filter(None, (text, "; ".join(notes))))


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#schema-{name.lower()})"
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " or ".join(_type(one) for one in schema[choice])
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    names = [f"array of {_type(schema.get('items', {}))}" if kind == "array" else kind for kind in kinds]
    return " or ".join(names) + (f" ({schema['format']})" if "format" in schema else "")
