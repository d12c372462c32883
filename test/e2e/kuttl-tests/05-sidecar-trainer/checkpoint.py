#!/usr/bin/env python3
"""What case 05 asks the registry and the trainer, past the API objects: checkpoint.py announced|pull|evaluated|again.

Runs in this folder with NAMESPACE and KUBECONFIG set; says on stdout what is wrong and exits 1. Services are reached
through the API server (kubectl proxy), so that it works wherever the cluster is.
"""

import contextlib
import hashlib
import json
import os
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
REGISTRY = "services/registry-stub:5000"
TRAINER = f"vmafx-trainer-{TRAINING}"
REPOSITORY = "vmafx-models"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.vmafx.model.onnx"
ARTIFACT = "application/vnd.vmafx.model.v1+json"


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
    """Yields fetch("services/NAME:PORT" or "pods/NAME:PORT", path, ...) -> (body, headers) in the namespace."""
    proxy = subprocess.Popen(["kubectl", "proxy", "--port=0"], text=True, stdout=subprocess.PIPE)
    try:
        port = re.search(r":(\d+)$", proxy.stdout.readline().strip()).group(1)

        def fetch(target, path, accept="*/*", body=None):
            url = f"http://127.0.0.1:{port}/api/v1/namespaces/{NAMESPACE}/{target}/proxy{path}"
            request = urllib.request.Request(url, data=body, headers={"Accept": accept})
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.read(), answer.headers
            except urllib.error.HTTPError as error:
                fail(f"{target} answers {path} with {error.code}: {error.read().decode(errors='replace')[:300]}")

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
        sample = json.loads(fetch(f"services/{TRAINER}:9091", "/samples/newest")[0])
    want("the artifact's type", manifest.get("artifactType"), ARTIFACT)
    # All annotations: vmafx-trainer.
    notes = manifest.get("annotations", {})
    want("annotation dev.vmafx.samples", notes.get("dev.vmafx.samples"), "1")
    want("annotation dev.vmafx.base-model", notes.get("dev.vmafx.base-model"), "vmaf_v0.6.1")
    want("annotation dev.vmafx.sha256", notes.get("dev.vmafx.sha256"), digest(model).split(":")[1])
    want("annotation dev.vmafx.gate", notes.get("dev.vmafx.gate"), "NotEnoughSamples")
    # The sample is the job's, with its exact score.
    want("the sample's job", sample["job_id"], job["controllerJobID"])
    want("the sample's score", sample["true_score"], job["score"])
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(model)
        file.flush()
        kubectl("create", "configmap", "checkpoint", f"--from-file=model.onnx={file.name}")


def evaluated():
    """The model that was pulled predicts the sample better than the one that the trainer started from does."""
    score = get("vmafxjob", JOB)["status"]["score"]
    with services() as fetch:
        sample = json.loads(fetch(f"services/{TRAINER}:9091", "/samples/newest")[0])
        question = json.dumps({"features": [sample["features"]]}).encode()

        def predict(target):
            return json.loads(fetch(target, "/predict", body=question)[0])["base_scores"][0]

        # Both are vmafx-trainer: the Pod started from the pulled file, the training from the built-in model.
        checkpoint, base = predict("pods/evaluate:9091"), predict(f"services/{TRAINER}:9091")
    # In a file numbers are single precision: a hair's breadth is no progress.
    if abs(checkpoint - base) < 0.1:
        fail(f"the checkpoint predicts {checkpoint}, its base {base}, as if nothing had been learnt")
    if abs(checkpoint - score) >= abs(base - score):
        fail(f"the checkpoint predicts {checkpoint}, its base {base}: not nearer to {score}")
    print(f"score {score}: the base model predicts {base:.3f}, the checkpoint {checkpoint:.3f}")


def again():
    """The job's sample once more, as the controller would bring it after a lost answer: acknowledged, not counted."""
    with services() as fetch:
        sample = fetch(f"services/{TRAINER}:9091", "/samples/newest")[0]
        with connection(TRAINER, 9092) as feedback:
            feedback.sendall(sample)
            reply = json.loads(feedback.makefile().readline())
        want("the trainer's acknowledgement", reply.get("ok"), True)
        status = json.loads(fetch(f"services/{TRAINER}:9091", "/status")[0])
    want("current_samples", status["current_samples"], 1)
    want("currentSamples", get("vmafxmodeltraining", TRAINING)["status"]["currentSamples"], 1)


if __name__ == "__main__":
    {"announced": announced, "pull": pull, "evaluated": evaluated, "again": again}[sys.argv[1]]()
