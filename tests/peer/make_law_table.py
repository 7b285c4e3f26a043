"""Makes the table of analysis/rmt/law_table.h: the distribution function of the triangular law (Dykema and Haagerup 2004),
x^2 = 2 (sin t / t) exp(t cot t), F = 1 - t/pi + sin^2 t / (pi t), as polynomials that reach the last digits of a double.

With l = -ln(x^2 / 2e): near the edge F is a smooth function of z = sqrt(l / (l + 3)), towards 0 (where F is nearly 1/l) F l one of ln l.
Chebyshev interpolation in 40 digits; the largest error at points between the nodes is printed at the end.

usage: make_law_table.py > law_table.h         needs mpmath
"""
import mpmath as mp

mp.mp.dps = 40
DEGREE = 11
NEAR, NEAR_END = 20, mp.mpf("0.95")
FAR, FAR_START, FAR_END = 6, 3 * NEAR_END**2 / (1 - NEAR_END**2), mp.mpf(1500)


def cdf(l):
    """F at l, by bisection in t for l = 1 - ln(sin t / t) - t cot t."""
    if l == 0: return mp.mpf(1)
    low, high = mp.mpf(0), mp.pi
    for _ in range(140):
        t = (low + high) / 2
        low, high = (t, high) if 1 - mp.log(mp.sin(t) / t) - t * mp.cot(t) < l else (low, t)
    return 1 - t / mp.pi + mp.sin(t) ** 2 / (mp.pi * t)


def piece(f, low, high):
    """Powers in u in [-1, 1] of the polynomial through the Chebyshev nodes of [low, high], and its error half way between them."""
    m = DEGREE + 1
    at = lambda u: f(low + (high - low) * (u + 1) / 2)
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / m) for k in range(m)]
    powers = mp.lu_solve(mp.matrix([[u**k for k in range(m)] for u in nodes]), mp.matrix([at(u) for u in nodes]))
    between = [mp.cos(mp.pi * k / m) for k in range(m + 1)]
    return list(powers), max(abs(mp.polyval(list(powers)[::-1], u) - at(u)) for u in between)


def table(name, f, low, high, count):
    print(f"static const double {name}[{name}_PIECES][{DEGREE + 1}] = {{")
    worst = 0
    for i in range(count):
        powers, error = piece(f, low + (high - low) * i / count, low + (high - low) * (i + 1) / count)
        print("    {" + ", ".join(mp.nstr(p, 17) for p in powers) + "},")
        worst = max(worst, error)
    print("};")
    return worst


def main():
    print("/* Made by tests/peer/make_law_table.py: see there. Powers of u, which runs over [-1, 1] on each of the equal pieces. */")
    print("#ifndef SPT_LAW_TABLE_H\n#define SPT_LAW_TABLE_H\n")
    print(f"#define LAW_DEGREE      {DEGREE}\n#define LAW_NEAR_PIECES {NEAR}\n#define LAW_FAR_PIECES  {FAR}\n")
    print(f"static const double LAW_NEAR_END = {mp.nstr(NEAR_END, 17)}; /* of z */")
    print(f"static const double LAW_FAR_START = {mp.nstr(mp.log(FAR_START), 17)}, LAW_FAR_END = {mp.nstr(mp.log(FAR_END), 17)}; /* of ln l */\n")
    near = table("LAW_NEAR", lambda z: cdf(3 * z * z / (1 - z * z)), mp.mpf(0), NEAR_END, NEAR)
    print()
    far = table("LAW_FAR", lambda y: cdf(mp.exp(y)) * mp.exp(y), mp.log(FAR_START), mp.log(FAR_END), FAR)
    print(f"\n/* Errors: {mp.nstr(near, 2)} of F, {mp.nstr(far, 2)} of F l. */\n#endif")


if __name__ == "__main__":
    main()
