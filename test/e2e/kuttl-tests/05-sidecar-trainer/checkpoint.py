#!/usr/bin/env python3
"""What case 05 asks the registry and the trainer, past the API objects: checkpoint.py announced|pull|evaluated|again.

Runs in this folder with NAMESPACE and KUBECONFIG set; says on stdout what is wrong and exits 1. Services are reached
through the API server (kubectl proxy), so that it works wherever the cluster is.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

NAMESPACE = os.environ["NAMESPACE"]
TRAINING = "train-online-e2e"
JOB = "job-trainer-seed"
REGISTRY = "registry-stub:5000"
REPOSITORY = "vmafx-models"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.vmafx.model.v1+onnx"


def fail(message):
    print(message)
    sys.exit(1)


def kubectl(*arguments):
    return subprocess.run(["kubectl", "--namespace", NAMESPACE, *arguments], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def get(kind, name):
    return json.loads(kubectl("get", kind, name, "--output", "json"))


@contextlib.contextmanager
def services():
    """Yields fetch(service, path, accept) -> (body, headers) for the Services of the namespace."""
    proxy = subprocess.Popen(["kubectl", "proxy", "--port=0"], text=True, stdout=subprocess.PIPE)
    try:
        port = re.search(r":(\d+)$", proxy.stdout.readline().strip()).group(1)

        def fetch(service, path, accept="*/*"):
            url = f"http://127.0.0.1:{port}/api/v1/namespaces/{NAMESPACE}/services/{service}/proxy{path}"
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=20) as answer:
                    return answer.read(), answer.headers
            except urllib.error.HTTPError as error:
                fail(f"{service} answers {path} with {error.code}: {error.read().decode(errors='replace')[:300]}")

        yield fetch
    finally:
        proxy.terminate()
        proxy.wait()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def connection(service, port):
    """Yields a socket to a port of a Service, for what is not HTTP."""
    forward = subprocess.Popen(["kubectl", "--namespace", NAMESPACE, "port-forward", f"service/{service}", f":{port}"],
                               text=True, stdout=subprocess.PIPE)
    try:
        local = int(re.search(r"127\.0\.0\.1:(\d+) ", forward.stdout.readline()).group(1))
        with socket.create_connection(("127.0.0.1", local), timeout=20) as connected:
            yield connected
    finally:
        forward.terminate()
        forward.wait()


def want(name, got, expected):
    if got != expected:
        fail(f"{name} is {got!r}, expected {expected!r}")


def announced():
    """The status tells of a checkpoint: vmafx-operator, from vmafx-trainer's /status."""
    status = get("vmafxmodeltraining", TRAINING).get("status", {})
    for field in ("modelVersion", "modelDigest", "lastCheckpoint", "lastStabilityGateResult"):
        if not status.get(field):
            fail(f"VmafxModelTraining {TRAINING} has no {field} yet")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", status["modelDigest"]):
        fail(f"modelDigest {status['modelDigest']} is not a digest")
    # One sample cannot be held out and judged by.
    want("lastStabilityGateResult", status["lastStabilityGateResult"], "NotEnoughSamples")
    reasons = kubectl("get", "events", "--field-selector",
                      f"involvedObject.kind=VmafxModelTraining,involvedObject.name={TRAINING}",
                      "--output", "jsonpath={.items[*].reason}").split()
    if "CheckpointWritten" not in reasons:
        fail(f"no event CheckpointWritten for {TRAINING} (there are: {' '.join(reasons) or 'none'})")
    return status


def pull():
    """The registry holds what the status names; it is kept in ConfigMap checkpoint for the next step."""
    status = announced()
    job = get("vmafxjob", JOB)["status"]
    with services() as fetch:
        path = f"/v2/{REPOSITORY}/manifests/"
        text, headers = fetch(REGISTRY, path + status["modelDigest"], MANIFEST)
        want("the manifest's digest", digest(text), status["modelDigest"])
        want("the manifest's media type", headers["Content-Type"], MANIFEST)
        tagged, _ = fetch(REGISTRY, path + status["modelVersion"], MANIFEST)
        want(f"the manifest of tag {status['modelVersion']}", digest(tagged), status["modelDigest"])
        tags = json.loads(fetch(REGISTRY, f"/v2/{REPOSITORY}/tags/list")[0])["tags"]
        # What no gate has judged is not stable.
        want("unstable in the tags", "unstable" in tags, True)
        want("latest-stable in the tags", "latest-stable" in tags, False)
        manifest = json.loads(text)
        layers = [each for each in manifest["layers"] if each["mediaType"] == LAYER]
        want("the number of models in the manifest", len(layers), 1)
        model, _ = fetch(REGISTRY, f"/v2/{REPOSITORY}/blobs/{layers[0]['digest']}")
        want("the model's digest", digest(model), layers[0]["digest"])
        want("the model's size", len(model), layers[0]["size"])
        samples = json.loads(fetch(f"vmafx-trainer-{TRAINING}:9091", "/samples?limit=10")[0])
    # All annotations: vmafx-trainer.
    notes = manifest.get("annotations", {})
    want("annotation dev.vmafx.model.samples", notes.get("dev.vmafx.model.samples"), "1")
    want("annotation dev.vmafx.model.base", notes.get("dev.vmafx.model.base"), "vmaf_v0.6.1")
    want("annotation dev.vmafx.model.sha256", notes.get("dev.vmafx.model.sha256"), digest(model).split(":")[1])
    if "dev.vmafx.model.metric" not in notes:
        fail(f"the manifest does not say how good the model is: {notes}")
    want("the number of samples that the trainer holds", len(samples), 1)
    # The sample is the job's, with its exact score.
    want("the sample's job", samples[0]["job_id"], job["controllerJobID"])
    want("the sample's score", samples[0]["true_score"], job["score"])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.onnx").write_bytes(model)
        (folder / "features.json").write_text(json.dumps(samples[0]["features"]))
        kubectl("create", "configmap", "checkpoint", f"--from-file={folder}")


def evaluated():
    """The model that was pulled predicts the sample better than the one it started from does."""
    answers = {}
    for container in ("checkpoint", "base"):
        line = kubectl("logs", "job/evaluate", "--container", container).strip().splitlines()[-1]
        answers[container] = json.loads(line)["score"]
    score = get("vmafxjob", JOB)["status"]["score"]
    if answers["checkpoint"] == answers["base"]:
        fail(f"the checkpoint predicts {answers['base']}, as if nothing had been learnt")
    if abs(answers["checkpoint"] - score) >= abs(answers["base"] - score):
        fail(f"the checkpoint predicts {answers['checkpoint']}, its base {answers['base']}: not nearer to {score}")


def again():
    """The job's sample once more, as the controller would bring it after a lost answer: acknowledged, not counted."""
    with services() as fetch:
        trainer = f"vmafx-trainer-{TRAINING}"
        sample = json.loads(fetch(trainer + ":9091", "/samples?limit=10")[0])[0]
        with connection(trainer, 9092) as feedback:
            feedback.sendall((json.dumps(sample) + "\n").encode())
            reply = json.loads(feedback.makefile().readline())
        want("the trainer's acknowledgement", reply.get("ok"), True)
        want("current_samples", json.loads(fetch(trainer + ":9091", "/status")[0])["current_samples"], 1)
    want("currentSamples", get("vmafxmodeltraining", TRAINING)["status"]["currentSamples"], 1)


if __name__ == "__main__":
    {"announced": announced, "pull": pull, "evaluated": evaluated, "again": again}[sys.argv[1]]()
