#!/usr/bin/env python3
"""The schemas of Kubernetes' built-in kinds in one file, for `seatrial check` without a cluster (src/schema/bundle.h).

Usage: openapi.py MODULE_FOLDER RELEASE OUT. MODULE_FOLDER is that of the Go module k8s.io/kubernetes, which publishes
the OpenAPI v3 documents of its API server. What its feature gate OpenAPIEnums adds when the server runs (the enums) is
not in them; it is read from the generated Go source that both come from. src/trial/checker_api_test.cc holds the result
against a real API server.
"""
import json
import pathlib
import re
import sys

# For people and for server-side apply, not for judging a file.
LEFT_OUT = {"description", "example", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"}


def stripped(node, names_fields=False):
    if isinstance(node, dict):
        return {key: stripped(value, key == "properties" and not names_fields)
                for key, value in node.items() if names_fields or key not in LEFT_OUT}
    return [stripped(one) for one in node] if isinstance(node, list) else node


def enums(source):
    """{"api_core_v1_Container": {("imagePullPolicy", False): ["Always", ...]}}; True: of the elements of a list or map."""
    found, function, field = {}, None, None
    for line in source.splitlines():
        if match := re.match(r"func schema_(?:k8sio_)?(\w+)\(", line):
            function = match[1]
        elif match := re.match(r'\t{5}"([^"]+)": \{$', line):
            field = match[1]
        elif match := re.match(r"(\t+)Enum: +\[\]interface\{\}\{(.*)\},$", line):
            words = json.loads(f"[{match[2]}]")
            found.setdefault(function, {})[(field, len(match[1]) > 7)] = words
    return found


def add_enums(schemas, found, used):
    for name, schema in schemas.items():
        function = re.sub(r"^io\.k8s\.(apiextensions-apiserver\.)?", "", name).replace(".", "_").replace("-", "_")
        for (field, of_elements), words in found.get(function, {}).items():
            node = schema["properties"][field]
            if of_elements:
                node = node.get("items") or node["additionalProperties"]
            node["enum"] = words
            used.add((function, field))


def main():
    module, release, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    found = enums((module / "pkg/generated/openapi/zz_generated.openapi.go").read_text())
    used, lines = set(), [json.dumps({"kubernetes": release}, separators=(",", ":"))]
    for path in sorted((module / "api/openapi-spec/v3").glob("*__v*_openapi.json")):
        parts = path.name.removesuffix("_openapi.json").split("__")
        if parts[0] not in ("api", "apis"):
            continue
        schemas = stripped(json.loads(path.read_text())["components"]["schemas"], names_fields=True)
        add_enums(schemas, found, used)
        text = json.dumps({"components": {"schemas": schemas}}, separators=(",", ":"))
        lines.append("/".join(parts[1:]) + "\t" + text)
    if len(lines) < 10 or ("api_core_v1_Container", "imagePullPolicy") not in used:
        sys.exit(f"{module}: what Kubernetes publishes of its schemas does not look as it did: {len(lines)} documents, "
                 f"{len(used)} enums")
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
