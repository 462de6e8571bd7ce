"""Elementary functions, softmax and log-sum-exp in NumPy with SciPy, JAX and PyTorch.

The data are what `benches/peers` wrote: numbers in one type, and what should
come out as 64-bit numbers. NumPy and PyTorch write into an array that exists,
where they can; JAX is compiled and makes its own.
"""

from pathlib import Path

import numpy as np

from protocol import serve

REPEATS = range(50)


def numpy_function(name, out):
    from scipy import special

    functions = {
        "exp": np.exp,
        "expm1": np.expm1,
        "ln": np.log,
        "ln1p": np.log1p,
        "tanh": np.tanh,
        "sigmoid": special.expit,
        "erf": special.erf,
        "sin": np.sin,
        "cos": np.cos,
        "atan": np.arctan,
    }
    if name in functions:
        return lambda x: functions[name](x, out=out)
    if name == "softplus":
        return lambda x: np.logaddexp(x, 0, out=out)
    if name == "softmax":

        def softmax(x):
            np.subtract(x, x.max(axis=1, keepdims=True), out=out)
            np.exp(out, out=out)
            return np.divide(out, out.sum(axis=1, keepdims=True), out=out)

        return softmax

    def logsumexp(x):
        largest = x.max(axis=1, keepdims=True)
        np.subtract(x, largest, out=out)
        np.exp(out, out=out)
        return np.log(out.sum(axis=1)) + largest[:, 0]

    return logsumexp


def jax_function(name):
    import jax
    from jax import numpy as jnp

    functions = {
        "exp": jnp.exp,
        "expm1": jnp.expm1,
        "ln": jnp.log,
        "ln1p": jnp.log1p,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "erf": jax.scipy.special.erf,
        "sin": jnp.sin,
        "cos": jnp.cos,
        "atan": jnp.arctan,
        "softmax": lambda x: jax.nn.softmax(x, axis=1),
        "logsumexp": lambda x: jax.nn.logsumexp(x, axis=1),
    }
    return jax.jit(functions[name])


def torch_function(name, out):
    import torch

    functions = {
        "exp": torch.exp,
        "expm1": torch.expm1,
        "ln": torch.log,
        "ln1p": torch.log1p,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "erf": torch.erf,
        "sin": torch.sin,
        "cos": torch.cos,
        "atan": torch.atan,
    }
    if name in functions:
        return lambda x: functions[name](x, out=out)
    if name == "softplus":
        return torch.nn.functional.softplus
    if name == "softmax":
        return lambda x: torch.softmax(x, dim=1, out=out)
    return lambda x: torch.logsumexp(x, dim=1)


def prepare(workload, peer, folder):
    name, kind, *classes = workload.split("-")
    x = np.fromfile(Path(folder) / f"x.{kind}", dtype="<" + kind.replace("32", "4").replace("64", "8"))
    expected = np.fromfile(Path(folder) / "y.f64", dtype="<f8")
    if classes:
        x = x.reshape(-1, int(classes[0]))

    def error(found):
        return np.max(np.abs((np.asarray(found, dtype=np.float64).ravel() - expected) / expected))

    if peer == "numpy":
        f = numpy_function(name, np.empty_like(x))
    elif peer == "jax":
        import jax

        jax.config.update("jax_enable_x64", kind == "f64")
        compiled, x = jax_function(name), jax.numpy.asarray(x)
        f = lambda x: compiled(x).block_until_ready()
    elif peer == "torch":
        import torch

        torch.set_num_threads(1)
        x = torch.from_numpy(x)
        f = torch_function(name, torch.empty_like(x))
    else:
        raise ValueError(f"no peer {peer}")

    def work():
        for _ in REPEATS:
            found = f(x)
        return found

    return work, error


if __name__ == "__main__":
    serve(prepare)
