"""
PyTorch on the CPU, which `sluice bench` compares with.

Each line of standard input is a request in JSON, and is answered with a line of JSON: "prepare" prepares a task and
returns its "result"; "run" repeats the task and returns the "seconds" it took; a failure returns an "error".
With --probe the exit status says whether this Python has PyTorch, and nothing else happens.
"""

import base64
import importlib.util
import json
import sys
import time

if "--probe" in sys.argv:
    sys.exit(importlib.util.find_spec("torch") is None)

import torch


def tensor(packed, dtype):
    raw = bytearray(base64.b64decode(packed["data"]))
    return torch.frombuffer(raw, dtype=dtype).reshape(packed["shape"]).clone()


def matmul(task):
    batch = [task["batch"]] if task["batch"] > 1 else []
    M, K, N = task["M"], task["K"], task["N"]
    generator = torch.Generator().manual_seed(1)
    make = lambda rows, columns: 2 * torch.rand(batch + [rows, columns], generator=generator) - 1
    a = make(K, M).transpose(-1, -2) if task["transposeA"] else make(M, K)
    b = make(N, K).transpose(-1, -2) if task["transposeB"] else make(K, N)
    row = torch.matmul(a[..., :1, :].double(), b.double())
    error = (torch.matmul(a, b)[..., :1, :].double() - row).abs().max().item()
    return (lambda: torch.matmul(a, b)), error


class Model(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        table, kernel, recurrent, bias, dense, dense_bias = weights
        self.embedding = torch.nn.Embedding.from_pretrained(table, freeze=False)
        units = recurrent.shape[0]
        self.lstm = torch.nn.LSTM(kernel.shape[0], units, batch_first=True)
        self.dense = torch.nn.Linear(units, 1)
        with torch.no_grad():
            # Gates stand in the same order; PyTorch keeps matrices transposed, and a second bias.
            self.lstm.weight_ih_l0.copy_(kernel.T)
            self.lstm.weight_hh_l0.copy_(recurrent.T)
            self.lstm.bias_ih_l0.copy_(bias)
            self.lstm.bias_hh_l0.zero_()
            self.dense.weight.copy_(dense.T)
            self.dense.bias.copy_(dense_bias)

    def forward(self, ids):
        hidden, _ = self.lstm(self.embedding(ids))
        return torch.sigmoid(self.dense(hidden[:, -1]))


class KerasAdam:
    """Adam as Keras has it: epsilon is added before the bias correction, by torch.optim.Adam after it."""

    def __init__(self, weights, rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.weights = list(weights)
        self.first = [torch.zeros_like(weight) for weight in self.weights]
        self.second = [torch.zeros_like(weight) for weight in self.weights]
        self.rate, self.beta_1, self.beta_2, self.epsilon = rate, beta_1, beta_2, epsilon
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        rate = self.rate * (1 - self.beta_2**self.steps) ** 0.5 / (1 - self.beta_1**self.steps)
        for weight, first, second in zip(self.weights, self.first, self.second):
            first.lerp_(weight.grad, 1 - self.beta_1)
            second.lerp_(weight.grad.square(), 1 - self.beta_2)
            weight.addcdiv_(first, second.sqrt().add_(self.epsilon), value=-rate)


def training(task):
    model = Model([tensor(weight, torch.float32) for weight in task["weights"]])
    ids, labels = tensor(task["ids"], torch.int32).long(), tensor(task["labels"], torch.float32)
    adam = KerasAdam(model.parameters())
    def step():
        model.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy(model(ids), labels)
        loss.backward()
        adam.step()
        return loss.item()
    return step, [step(), step()]


def predict(task):
    model = Model([tensor(weight, torch.float32) for weight in task["weights"]])
    ids = tensor(task["ids"], torch.int32).long()
    def run():
        with torch.no_grad():
            return model(ids)
    return run, run().flatten().tolist()


TASKS = {"matmul": matmul, "training step": training, "predict": predict}
run = None
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request["do"] == "prepare":
            run, result = TASKS[request["task"]["kind"]](request["task"])
            answer = {"result": result}
        else:
            began = time.perf_counter()
            for _ in range(request["runs"]):
                run()
            answer = {"seconds": time.perf_counter() - began}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
