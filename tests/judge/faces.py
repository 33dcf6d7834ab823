"""MediaPipe looks at simulated heads beside our own engine, which runs the same two networks.

On 300 heads of each population our boxes and landmarks must be MediaPipe's own: BlazeFace short range and FaceMesh as
the public API sets them up for single pictures.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import mediapipe
import numpy

SIM = "target/release/gatepost-sim"
QUALITY = "target/release/gatepost-quality"

HEADS = 300
SEED = 20260322

# Intersection over union of the boxes of the largest face.
OVERLAP_LEAST = 0.9
# In units of the distance between the eyes.
MEDIAN_DISTANCE_MOST = 0.02
# Heads that we miss and MediaPipe finds: a score or a presence on the other side of one half.
MISSED_MOST = 1

# Corners of the eyes: the traveller's right eye, then the left.
RIGHT_EYE, LEFT_EYE = [33, 133], [263, 362]

# Runs of the graph in `--measure`, after some to warm up.
ROUNDS, WARM = 200, 20


def main():
    if "--measure" in sys.argv:
        measure([path for path in sys.argv[1:] if path != "--measure"])
        return
    with tempfile.TemporaryDirectory() as folder:
        for population in ["frontal", "wide"]:
            compare(population, Path(folder) / population)
    sys.exit(FAILED)


FAILED = 0


def verdict(name, passed, said):
    global FAILED
    FAILED |= not passed
    print(f"PASS {name} ({said})" if passed else f"FAIL {name}: {said}", flush=True)


def compare(population, place):
    line = [SIM, "render", "heads", "--population", population, "--count", str(HEADS), "--seed", str(SEED)]
    subprocess.run([*line, "--dir", str(place)], check=True)
    paths = sorted(place.glob("*.png"))
    said = subprocess.run(
        [QUALITY, "face", "--engine", "blazeface", "--json", *map(str, paths)], check=True, capture_output=True, text=True
    )
    ours = [json.loads(line) for line in said.stdout.splitlines()]
    detection, mesh = detector(), landmarker()
    overlaps, distances, missed, alone = [], [], [], []
    for path, answer in zip(paths, ours, strict=True):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = image.shape[:2]
        theirs = detection.process(image).detections or []
        if theirs and not answer["faces"]:
            missed.append(path.name)
        # At a picture in which nobody is found ours looks longer; each of these has one head in it.
        if answer["faces"] and not theirs:
            alone.append(path.name)
        if not theirs or not answer["faces"]:
            continue
        boxes = [found.location_data.relative_bounding_box for found in theirs]
        boxes = [(b.xmin * width, b.ymin * height, b.width * width, b.height * height) for b in boxes]
        overlaps.append(overlap(max(boxes, key=lambda box: box[2] * box[3]), answer["faces"][0]["box"]))
        points = mesh.process(image).multi_face_landmarks
        found = answer["faces"][0]["landmarks"]
        if not points or not found:
            if points:
                missed.append(path.name)
            continue
        points = numpy.array([(p.x * width, p.y * height) for p in points[0].landmark])
        found = numpy.array(found)[:, :2]
        eyes = numpy.linalg.norm(points[RIGHT_EYE].mean(axis=0) - points[LEFT_EYE].mean(axis=0))
        distances.append(numpy.median(numpy.linalg.norm(points - found, axis=1)) / eyes)
    verdict(
        f"every {population} head that MediaPipe finds is found",
        len(missed) <= MISSED_MOST and bool(distances),
        f"{len(overlaps)} of {HEADS} by both, {len(distances)} with landmarks by both; missed {missed}; "
        f"found by ours alone {alone}",
    )
    verdict(
        f"boxes of {population} heads agree with MediaPipe's",
        min(overlaps) >= OVERLAP_LEAST,
        f"overlap median {numpy.median(overlaps):.4f}, worst {min(overlaps):.4f}, wanted {OVERLAP_LEAST}",
    )
    verdict(
        f"landmarks of {population} heads agree with MediaPipe's",
        numpy.median(distances) <= MEDIAN_DISTANCE_MOST and max(distances) <= MEDIAN_DISTANCE_MOST,
        f"median distance {numpy.median(distances):.5f} of that between the eyes, worst head {max(distances):.5f}, "
        f"wanted {MEDIAN_DISTANCE_MOST}",
    )


def detector():
    return mediapipe.solutions.face_detection.FaceDetection(model_selection=0, min_detection_confidence=0.5)


def landmarker():
    return mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=False, min_detection_confidence=0.5
    )


def overlap(a, b):
    across = max(0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    down = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return across * down / (a[2] * a[3] + b[2] * b[3] - across * down)


def measure(paths):
    """The time of MediaPipe's own graphs on one thread, all their threads counted: samples for `cargo xtask bench`."""
    cv2.setNumThreads(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name, make in [("mediapipe detection", detector), ("mediapipe landmarks", landmarker)]:
        model = make()
        for path in paths:
            image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
            for turn in range(WARM + ROUNDS):
                began = time.process_time()
                model.process(image)
                took = (time.process_time() - began) * 1000
                if turn >= WARM:
                    print(json.dumps({"name": name, "value": took, "unit": "ms"}))


if __name__ == "__main__":
    main()
