"""Two face detectors and a face mesh that others trained look at simulated heads.

BlazeFace (MediaPipe) and OpenCV's default Haar cascade must find the frontal heads of the default population and
nobody in the pictures of eggs and of the empty booth; FaceMesh's points must lie where the simulator says they are.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import mediapipe
import numpy

SIM = "target/release/gatepost-sim"
# The file of Debian's package opencv-data; OpenCV's wheel carries the same one, for machines without the package.
CASCADE = "haarcascade_frontalface_default.xml"
DEBIAN = Path("/usr/share/opencv4/haarcascades") / CASCADE

FRONTAL = 300
NOBODY = 150
SEED = 20260301

BLAZEFACE_LEAST = 0.99
HAAR_LEAST = 0.95
# Distances are in units of that between the eyes. Points of the outline slide along it from one mesh to the other.
MESH_FINDS_LEAST = 0.99
MESH_MEAN_MOST = 0.08
EYES_AND_MOUTH_MEAN_MOST = 0.06

EYES_AND_MOUTH = {33, 133, 362, 263, 159, 145, 386, 374, 61, 291, 0, 13, 14, 17}
# The iris's points belong to another model.
FACE_MESH_POINTS = 468


def main():
    with tempfile.TemporaryDirectory() as folder:
        detectors = [
            ("BlazeFace", BLAZEFACE_LEAST, blazeface()),
            ("OpenCV Haar default", HAAR_LEAST, haar()),
        ]
        frontal = pictures(folder, "frontal", FRONTAL)
        for name, least, detect in detectors:
            missed = [p["file"] for p in frontal if not any(hits(box, p) for box in detect(p["image"]))]
            share = 1 - len(missed) / len(frontal)
            verdict(
                f"{name} finds the frontal heads",
                share >= least,
                f"{len(frontal) - len(missed)} of {len(frontal)}, wanted {least:.0%}; missed {missed}",
            )
        for population in ["egg", "empty"]:
            drawn = pictures(folder, population, NOBODY)
            for name, _, detect in detectors:
                found = [p["file"] for p in drawn if detect(p["image"])]
                verdict(f"{name} finds nobody in {population} scenes", not found, f"{len(drawn)} pictures, found {found}")
        mesh(frontal)
    sys.exit(FAILED)


FAILED = 0


def verdict(name, passed, said):
    global FAILED
    FAILED |= not passed
    print(f"PASS {name} ({said})" if passed else f"FAIL {name}: {said}", flush=True)


def pictures(folder, population, count):
    """Renders and reads a population: the lines of truth, each with its picture."""
    place = Path(folder) / population
    line = [SIM, "render", "heads", "--population", population, "--count", str(count), "--seed", str(SEED)]
    subprocess.run([*line, "--dir", str(place)], check=True)
    drawn = [json.loads(line) for line in (place / "truth.jsonl").read_text().splitlines()]
    assert len(drawn) == count, f"{len(drawn)} lines of truth for {count} pictures"
    for picture in drawn:
        picture["image"] = cv2.imread(str(place / picture["file"]))
    return drawn


def blazeface():
    """The short-range model as MediaPipe sets it up."""
    model = mediapipe.solutions.face_detection.FaceDetection(model_selection=0, min_detection_confidence=0.5)

    def detect(image):
        height, width = image.shape[:2]
        found = model.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).detections or []
        boxes = [detection.location_data.relative_bounding_box for detection in found]
        return [(b.xmin * width, b.ymin * height, b.width * width, b.height * height) for b in boxes]

    return detect


def haar():
    """The cascade as OpenCV's own documentation calls it, from faces of 48 pixels on."""
    path = DEBIAN if DEBIAN.exists() else Path(cv2.data.haarcascades) / CASCADE
    cascade = cv2.CascadeClassifier(str(path))

    def detect(image):
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return list(cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=3, minSize=(48, 48)))

    return detect


def hits(box, picture):
    """The box holds the middle of the true face and is not much larger or smaller than it."""
    (left, top, width, height), (x, y, w, h) = box, picture["faces"][0]["box"]
    holds = left < x + w / 2 < left + width and top < y + h / 2 < top + height
    return holds and 0.5 < width / w < 2.0


def mesh(frontal):
    """FaceMesh's mean distance from the truth."""
    model = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=False, min_detection_confidence=0.5
    )
    errors, found = {}, 0
    for picture in frontal:
        height, width = picture["image"].shape[:2]
        seen = model.process(cv2.cvtColor(picture["image"], cv2.COLOR_BGR2RGB)).multi_face_landmarks
        if not seen:
            continue
        found += 1
        face = picture["faces"][0]
        for point in face["landmarks"]:
            if point["index"] < FACE_MESH_POINTS:
                at = seen[0].landmark[point["index"]]
                off = numpy.hypot(at.x * width - point["x"], at.y * height - point["y"]) / face["eye_distance"]
                errors.setdefault(point["index"], []).append(off)
    share = found / len(frontal)
    verdict("FaceMesh sees a face in the frontal heads", share >= MESH_FINDS_LEAST, f"{found} of {len(frontal)}")
    if os.environ.get("HEADS_VERBOSE"):
        for index, off in sorted(errors.items(), key=lambda item: -numpy.mean(item[1])):
            print(f"  point {index}: {numpy.mean(off):.3f}")
    for name, most, wanted in [
        ("FaceMesh agrees with all true points", MESH_MEAN_MOST, set(errors)),
        ("FaceMesh agrees with the points of eyes and mouth", EYES_AND_MOUTH_MEAN_MOST, EYES_AND_MOUTH),
    ]:
        mean = numpy.mean([off for index in wanted for off in errors.get(index, [numpy.inf])])
        verdict(name, mean <= most, f"mean distance {mean:.3f} of that between the eyes, wanted {most}")


if __name__ == "__main__":
    main()
