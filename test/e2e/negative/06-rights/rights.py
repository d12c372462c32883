#!/usr/bin/env python3
"""Holds what the platform's service accounts may do, by the API server's own account, against rights.txt.

Runs in this folder with NAMESPACE and KUBECONFIG set; says on stdout each right too many or too few and exits 1.
"""

import json
import os
import pathlib
import subprocess
import sys

NAMESPACE = os.environ["NAMESPACE"]
# An account that nobody has granted anything: what it may do, Kubernetes allows to all.
NOBODY = "kube-public:nobody-in-particular"


def granted(account, namespace):
    """What `account` ("NAMESPACE:NAME") may do in `namespace`: {"VERB RESOURCE.GROUP[/OBJECT]"}."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    answer = subprocess.run(
        ["kubectl", "create", "--validate=false", "--filename", "-", "--output", "json", f"--as=system:serviceaccount:{account}",
         "--as-group=system:serviceaccounts", "--as-group=system:authenticated"],
        input=json.dumps(review), text=True, check=True, stdout=subprocess.PIPE).stdout
    status = json.loads(answer)["status"]
    if status.get("incomplete"):
        sys.exit(f"the API server does not know all rights of {account}: {status.get('evaluationError')}")
    return {
        f"{verb} {resource}{'.' + group if group else ''}{'/' + name if name else ''}"
        for rule in status["resourceRules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
    }


def wanted():
    """{(account, namespace): {right}} from rights.txt."""
    table, key = {}, None
    for line in pathlib.Path("rights.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.endswith(":"):
            account, namespace = line[:-1].split(" in ")
            key = (account.replace("@NAMESPACE@", NAMESPACE), namespace.replace("@NAMESPACE@", NAMESPACE))
            table[key] = set()
        elif line:
            verbs, resource = line.rsplit(" ", 1)
            table[key] |= {f"{verb} {resource}" for verb in verbs.split()}
    return table


def main():
    wrong = []
    for (account, namespace), rights in wanted().items():
        has = granted(account, namespace) - granted(NOBODY, namespace)
        wrong += [f"{account} may {right} in {namespace}, which it does not need" for right in sorted(has - rights)]
        wrong += [f"{account} may not {right} in {namespace}, which it needs" for right in sorted(rights - has)]
    print("\n".join(wrong) or "every right is in the table")
    sys.exit(1 if wrong else 0)


main()
