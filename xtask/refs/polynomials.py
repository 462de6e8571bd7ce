"""Coefficients of crates/linalg/src/kernels: interpolation at Chebyshev nodes.

    VENV/bin/python xtask/refs/polynomials.py        (mpmath 1.4.1)

Prints each polynomial, highest power first, with its largest relative error
before rounding; interpolation is within a small factor of the best there is.
"""

import struct

from mpmath import mp, mpf, cos, pi

mp.dps = 50


def fit(name, f, lo, hi, degree, bits=64, crowd=1):
    """With `crowd` above 1 the nodes, and with them the accuracy, are denser at `lo`."""
    lo, hi = mpf(lo), mpf(hi)
    n = degree + 1
    places = [(1 + cos(pi * (2 * k + 1) / (2 * n))) / 2 for k in range(n)]
    nodes = [lo + (hi - lo) * place**crowd for place in places]
    # Divided differences, then Newton's form expanded.
    d = [f(x) for x in nodes]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (nodes[i] - nodes[i - j])
    c = [mpf(0)]
    for i in range(n - 1, -1, -1):
        shifted = [mpf(0)] + c
        for k, v in enumerate(c):
            shifted[k] -= v * nodes[i]
        shifted[0] += d[i]
        c = shifted
    while c and c[-1] == 0:
        c.pop()
    worst = 0
    for k in range(501):
        x = lo + (hi - lo) * mpf(k) / 500
        if x == 0:
            continue
        y = mp.polyval(c[::-1], x)
        worst = max(worst, abs(y / f(x) - 1))
    print(f"// {name}: relative error {mp.nstr(worst, 2)}")
    for v in c[::-1]:
        text = repr(float(v)) if bits == 64 else shortest(v)
        print(f"    {text},")


def shortest(v):
    """The shortest decimal that reads back as the float32 nearest to v."""
    single = lambda x: struct.unpack("f", struct.pack("f", x))[0]
    nearest = single(float(v))
    texts = (f"{nearest:.{digits}g}" for digits in range(1, 10))
    return next(t for t in texts if single(float(t)) == nearest)


def erfcx(a):
    return mp.exp(a * a) * mp.erfc(a)


if __name__ == "__main__":
    half_ln2 = mp.log(2) / 2 * mpf("1.0001")
    exp_tail = lambda r: (mp.expm1(r) - r) / r**2 if abs(r) > 1e-8 else mpf(1) / 2 + r / 6 + r * r / 24
    fit("EXP f64", exp_tail, -half_ln2, half_ln2, 10)
    fit("EXP f32", exp_tail, -half_ln2, half_ln2, 4, 32)
    z_max = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.001")
    fit("LN", lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, 0, z_max, 7)
    t_max = (mp.sqrt(2) - 1) ** 2 * mpf("1.001")
    fit("ATAN", lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, t_max, 11)
    r_max = (pi / 4) ** 2 * mpf("1.001")
    fit("SIN", lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, r_max, 6)
    fit("COS", lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, r_max, 6)
    fit("RISE f64", exp_tail, 0, 2 * half_ln2, 11)
    fit("RISE f32", exp_tail, 0, 2 * half_ln2, 5, 32)
    fit("ERF", lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 0, 1, 13)
    # u = (a − 2)/(a + 2) maps [1, 6] to [−1/3, 1/2].
    fit("ERFCX", lambda u: erfcx(2 * (1 + u) / (1 - u)), -mpf(1) / 3, mpf(1) / 2, 15)
    # The same for f32, where fewer terms do.
    ln_tail = lambda f: (mp.log1p(f) - f) / f**2 if abs(f) > 1e-10 else f / 3 - mpf(1) / 2
    fit("LN f32", ln_tail, mp.sqrt(mpf(1) / 2) - 1, mp.sqrt(2) - 1, 8, 32)
    fit("ATAN f32", lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, t_max, 5, 32)
    fit("SIN f32", lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, r_max, 3, 32)
    fit("COS f32", lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, r_max, 2, 32)
    # Its zero at z = 0.26 makes a relative error large where the value is not.
    fit("ERF f32", lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 0, mpf("1.2") ** 2, 6, 32)
    # The smaller erfc is, the less its root matters: nodes crowd at 1.2.
    root = lambda a: mp.erfc(a) ** (mpf(1) / 8)
    fit("ROOT_ERFC f32", root, mpf("1.2"), mpf("3.95"), 6, 32, crowd=1.6)
    # u = (a − 4)/(a + 4) maps [½, 28] to [−7/9, 3/4].
    far = lambda u: 4 * (1 + u) / (1 - u)
    fit("ERFC", lambda u: (1 + 2 * far(u)) * erfcx(far(u)), -mpf(7) / 9, mpf(3) / 4, 22)
