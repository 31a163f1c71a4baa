"""Prints, as JSON, what h5py and zipfile find in weights that Sluice wrote (ours) and Keras wrote (theirs)."""

import io
import json
import zipfile

import h5py


def dump(f):
    tree = {}

    def visit(path, node):
        attrs = {}
        for name, value in node.attrs.items():
            encoding = h5py.check_string_dtype(node.attrs.get_id(name).dtype).encoding
            attrs[name] = [str(value), encoding]
        if isinstance(node, h5py.Dataset):
            tree[path] = [list(node.shape), node.dtype.str, node.compression, node.chunks, node[()].tolist(), attrs]
        else:
            tree[path] = attrs

    f.visititems(visit)
    return tree


def keras(path):
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        names = [[i.filename, i.compress_type] for i in z.infolist()]
        return [names, dump(h5py.File(io.BytesIO(z.read("model.weights.h5")), "r"))]


print(
    json.dumps(
        {
            "keras": [keras("ours.keras"), keras("theirs.keras")],
            "weights": [dump(h5py.File("ours.h5", "r")), dump(h5py.File("theirs.h5", "r"))],
        }
    )
)
