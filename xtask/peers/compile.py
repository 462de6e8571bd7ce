"""Tracing and compiling derivatives in JAX.

A workload `compile-FUNCTION-SIZES-WHAT` is that of `autodiff.py` but for what is
timed: from the Python function to a program that is ready to run.
"""

from autodiff import distance, functions, load
from protocol import serve


def prepare(workload, peer, folder):
    import jax

    _, name, sizes, what = workload.split("-")
    sizes = list(map(int, sizes.split("x")))
    params, data, directions = load(folder, name, sizes, what)
    f = functions(name, sizes)
    both = jax.value_and_grad(f)
    hvp = lambda p, v, *d: jax.jvp(lambda p: jax.grad(f)(p, *d), (p,), (v,))[1]
    run = hvp if what == "hvp" else both
    arguments = [params, directions, *data] if what == "hvp" else [params, *data]

    def work():
        jax.clear_caches()
        return jax.jit(run).lower(*arguments).compile()

    error = distance(folder, what)
    return work, lambda compiled: error(jax.tree.leaves(compiled(*arguments)))


if __name__ == "__main__":
    serve(prepare)
