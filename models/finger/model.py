"""What a GFQ model is made of, how it is trained, and how it is written. src/quality/src/finger/score reads it."""

import hashlib
import math
import struct

import lightgbm
import numpy
from scipy.spatial.distance import cdist

import tiled

COUNT = 69
MINUTIAE = slice(12, 16)
# Where the ten bins of each histogram begin among the native values.
HISTOGRAMS = (0, 17, 31, 43, 57)
REACH = 5.0
LEAF = 255


def inputs(values, minutiae):
    """The native values, the share of every bin in its histogram, the histograms' totals: single precision."""
    values = numpy.array(values, dtype=numpy.float32)
    if not minutiae:
        values[:, MINUTIAE] = 0
    bins = [values[:, first : first + 10] for first in HISTOGRAMS]
    totals = [part.sum(axis=1, keepdims=True) for part in bins]
    shares = [part / numpy.maximum(total, 1) for part, total in zip(bins, totals)]
    return numpy.concatenate([values, *shares, *totals], axis=1)


class Trees:
    """Gradient boosting on the native values alone, as NIST's forest has them; deterministic on one thread."""

    def __init__(self, seed, rounds=1000, leaves=127, rate=0.035):
        self.settings = {
            "objective": "regression",
            "learning_rate": rate,
            "num_leaves": leaves,
            "min_data_in_leaf": 15,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "feature_fraction": 0.3,
            "lambda_l2": 2.0,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": seed,
            "verbose": -1,
        }
        self.rounds = rounds

    def fit(self, seen, scores, weights):
        data = lightgbm.Dataset(seen[:, :COUNT], scores, weight=weights, params={"verbose": -1})
        self.booster = lightgbm.train(self.settings, data, self.rounds)
        return self

    def answer(self, seen):
        return self.booster.predict(seen[:, :COUNT])

    def written(self):
        """The base (part of the leaves already), then every tree in pre-order."""
        trees = [tree["tree_structure"] for tree in self.booster.dump_model()["tree_info"]]
        parts = [struct.pack("<fH", 0.0, len(trees))]
        for tree in trees:
            nodes = []
            preorder(tree, nodes)
            parts.append(struct.pack("<H", len(nodes)))
            parts.extend(struct.pack("<BHf", *node) for node in nodes)
        return b"".join(parts)


def preorder(tree, nodes):
    if "leaf_value" in tree and "left_child" not in tree:
        nodes.append((LEAF, 0, tree["leaf_value"]))
        return
    place = len(nodes)
    nodes.append(None)
    preorder(tree["left_child"], nodes)
    right = len(nodes)
    preorder(tree["right_child"], nodes)
    # In single precision the limit must not rise, or values between would go the other way.
    limit = numpy.float32(tree["threshold"])
    if float(limit) > tree["threshold"]:
        limit = numpy.nextafter(limit, numpy.float32(-math.inf), dtype=numpy.float32)
    nodes[place] = (tree["split_feature"], right, limit)


class Network:
    """A small rectified network, trained with Adam on a Huber loss, with noise on its inputs and dropout."""

    def __init__(self, seed, units=(128, 48), epochs=35, rate=2e-3, decay=1e-4, noise=0.1, drop=0.1, bend=4.0, batch=128):
        self.seed, self.units, self.epochs, self.rate, self.decay = seed, units, epochs, rate, decay
        self.noise, self.drop, self.bend, self.batch = noise, drop, bend / 10, batch

    def fit(self, seen, scores, weights):
        rng = numpy.random.default_rng(self.seed)
        self.means = seen.mean(axis=0).astype(numpy.float32)
        spread = seen.std(axis=0)
        self.scales = numpy.where(spread > 1e-6, 1 / numpy.maximum(spread, 1e-6), 0).astype(numpy.float32)
        here, wanted = self.scaled(seen), (scores / 10).astype(numpy.float32)
        weights = (weights / weights.mean()).astype(numpy.float32)
        widths = [here.shape[1], *self.units, 1]
        layers = []
        for before, after in zip(widths, widths[1:]):
            layers.append(rng.normal(0, math.sqrt(2 / before), (before, after)).astype(numpy.float32))
            layers.append(numpy.zeros(after, numpy.float32))
        layers[-2] *= 0.1
        layers[-1] += numpy.median(wanted)
        means, squares = ([numpy.zeros_like(part) for part in layers] for _ in range(2))
        count, step = len(wanted), 0
        steps = self.epochs * math.ceil(count / self.batch)
        for _ in range(self.epochs):
            order = rng.permutation(count)
            for first in range(0, count, self.batch):
                chosen = order[first : first + self.batch]
                slopes = self.slopes(layers, here[chosen], wanted[chosen], weights[chosen], rng)
                step += 1
                rate = self.rate * 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-6
                for place, (part, slope) in enumerate(zip(layers, slopes)):
                    means[place] = 0.9 * means[place] + 0.1 * slope
                    squares[place] = 0.999 * squares[place] + 0.001 * slope**2
                    spread = numpy.sqrt(squares[place] / (1 - 0.999**step)) + 1e-8
                    part -= rate * (means[place] / (1 - 0.9**step) / spread + (self.decay * part if place % 2 == 0 else 0))
        layers[-2] *= 10
        layers[-1] *= 10
        self.layers = [part.astype(numpy.float32) for part in layers]
        return self

    def slopes(self, layers, seen, wanted, weights, rng):
        values = [seen + numpy.float32(self.noise) * rng.standard_normal(seen.shape, dtype=numpy.float32)]
        masks = []
        for place in range(0, len(layers), 2):
            value = values[-1] @ layers[place] + layers[place + 1]
            if place < len(layers) - 2:
                mask = (rng.random(value.shape, dtype=numpy.float32) > self.drop) / numpy.float32(1 - self.drop)
                masks.append(mask)
                value = numpy.maximum(value, 0) * mask
            values.append(value)
        off = numpy.clip(values[-1][:, 0] - wanted, -self.bend, self.bend) / self.bend
        back = (weights * off / len(wanted))[:, None].astype(numpy.float32)
        slopes = [None] * len(layers)
        for place in range(len(layers) - 2, -1, -2):
            slopes[place] = values[place // 2].T @ back
            slopes[place + 1] = back.sum(axis=0)
            if place:
                back = (back @ layers[place].T) * (values[place // 2] > 0) * masks[place // 2 - 1]
        return slopes

    def scaled(self, seen):
        return numpy.clip((seen.astype(numpy.float32) - self.means) * self.scales, -REACH, REACH)

    def answer(self, seen):
        value = self.scaled(seen)
        for place in range(0, len(self.layers), 2):
            value = value @ self.layers[place] + self.layers[place + 1]
            if place < len(self.layers) - 2:
                value = numpy.maximum(value, 0)
        return value[:, 0].astype(float)

    def written(self):
        parts = [self.means.tobytes(), self.scales.tobytes(), struct.pack("<B", len(self.layers) // 2)]
        for place in range(0, len(self.layers), 2):
            parts.append(struct.pack("<H", self.layers[place].shape[1]))
            parts.extend(part.astype("<f4").tobytes() for part in self.layers[place : place + 2])
        return b"".join(parts)


class Neighbours:
    """Kriging with a Laplace kernel on the ranks of the values: a value has as many ranks as its gain in the trees says."""

    WIDTH = 64

    def __init__(self, reach=0.1, ridge=0.01, power=0.35, most=255):
        self.reach, self.ridge, self.power, self.most = reach, ridge, power, most

    def fit(self, seen, scores, weights, gains):
        shares = (gains / gains.sum()) ** self.power
        self.used = numpy.argsort(-shares, kind="stable")[: self.WIDTH]
        shares = shares[self.used]
        ranks = numpy.maximum(1, numpy.round(shares / shares.max() * self.most)).astype(int)
        self.limits = [
            numpy.quantile(seen[:, place], (numpy.arange(count) + 0.5) / count).astype(numpy.float32)
            for place, count in zip(self.used, ranks)
        ]
        self.length = numpy.float32(self.reach * int(ranks.sum()))
        self.rows = self.placed(seen)
        self.base = numpy.float32(numpy.average(scores, weights=weights))
        nuggets = (self.ridge / weights).astype(numpy.float32)

        def tile(rows, columns):
            near = self.near(self.rows[rows], self.rows[columns])
            if rows == columns:
                near[numpy.diag_indices_from(near)] += nuggets[rows]
            return near

        self.weights = tiled.solved(tile, len(self.rows), scores - self.base)
        return self

    def placed(self, seen):
        ranks = [numpy.searchsorted(limits, seen[:, place], "right") for place, limits in zip(self.used, self.limits)]
        return numpy.stack(ranks, axis=1).astype(numpy.uint8)

    def near(self, rows, others):
        near = numpy.empty((len(rows), len(others)), numpy.float32)
        others = others.astype(numpy.float32)
        for first in range(0, len(rows), 500):
            apart = cdist(rows[first : first + 500].astype(numpy.float32), others, "cityblock")
            near[first : first + 500] = numpy.exp(-apart / self.length)
        return near

    def answer(self, seen):
        rows = self.placed(seen)
        # Some at a time: nearness takes four bytes for every pair.
        parts = [self.near(rows[first : first + 4000], self.rows) @ self.weights for first in range(0, len(rows), 4000)]
        return (self.base + numpy.concatenate(parts)).astype(float)

    def written(self):
        parts = [struct.pack("<ff", self.base, self.length)]
        for place, limits in zip(self.used, self.limits):
            parts.append(struct.pack("<BB", place, len(limits)) + limits.astype("<f4").tobytes())
        parts.append(struct.pack("<I", len(self.rows)) + self.rows.tobytes() + self.weights.astype("<f4").tobytes())
        return b"".join(parts)


class Model:
    """The trees, the networks and, where minutiae are looked for, the neighbours, each with a share of the vote."""

    def __init__(self, minutiae, shares=(0.4, 0.5), networks=1, seed=1):
        self.minutiae, self.shares = minutiae, shares if minutiae else (0.85, 0.0)
        # What is used where minutiae are not looked for may be smaller.
        self.trees = Trees(seed) if minutiae else Trees(seed, rounds=700, leaves=31, rate=0.045)
        self.networks = [Network(seed + number) for number in range(networks)]

    def fit(self, values, scores, weights):
        seen = inputs(values, self.minutiae)
        for part in (self.trees, *self.networks):
            part.fit(seen, scores, weights)
        if self.minutiae:
            gains = self.trees.booster.feature_importance("gain")
            self.neighbours = Neighbours().fit(seen[:, :COUNT], scores, weights, gains)
        return self

    def answer(self, values):
        seen = inputs(values, self.minutiae)
        networks = numpy.mean([network.answer(seen) for network in self.networks], axis=0)
        trees, near = self.shares
        answers = trees * self.trees.answer(seen) + (1 - trees - near) * networks
        if self.minutiae:
            answers += near * self.neighbours.answer(seen[:, :COUNT])
        return numpy.clip(answers, 0, 100)

    def written(self, version):
        name = version.encode()
        head = b"GFQMODEL" + struct.pack("<HBB", 2, self.minutiae, len(name)) + name + struct.pack("<ff", *self.shares)
        networks = b"".join(network.written() for network in self.networks)
        body = head + self.trees.written() + struct.pack("<B", len(self.networks)) + networks
        body += self.neighbours.written() if self.minutiae else b""
        return body + hashlib.sha256(body).digest()
