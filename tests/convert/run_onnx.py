"""Runs model.onnx in ONNX Runtime on the arrays of inputs.json, and prints its outputs as JSON."""

import json

import numpy as np
import onnxruntime

DTYPES = {"tensor(int32)": np.int32, "tensor(float)": np.float32}

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
with open("inputs.json") as file:
    arrays = json.load(file)
feeds = {
    node.name: np.array(array["data"], dtype=DTYPES[node.type]).reshape(array["shape"])
    for node, array in zip(session.get_inputs(), arrays)
}
outputs = session.run(None, feeds)
print(json.dumps([{"shape": list(y.shape), "data": y.astype(np.float64).ravel().tolist()} for y in outputs]))
