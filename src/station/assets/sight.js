// Outlines over the live picture: where the face belongs, where it is, and who else is in view. What is seen comes with
// the news from the desk, in pixels of the camera's frame; nothing of it is kept.

const SVG = "http://www.w3.org/2000/svg";

export function draw(live, sight) {
  const frame = live?.querySelector(".frame");
  if (!frame) return;
  const state = sight?.width ? sight.state : "empty";
  live.dataset.seen = state;
  if (!sight?.width) return;
  const { width, height } = sight;
  frame.setAttribute("viewBox", `0 0 ${width} ${height}`);
  place(frame.querySelector(".target"), [width / 2, 0.475 * height, 0.246 * height, 0.33 * height]);
  const face = frame.querySelector(".face");
  if (sight.face) place(face, sight.face);
  const others = frame.querySelector(".others");
  while (others.childElementCount > sight.others.length) others.lastElementChild.remove();
  while (others.childElementCount < sight.others.length) others.append(document.createElementNS(SVG, "ellipse"));
  sight.others.forEach((other, index) => place(others.children[index], other));
}

function place(ellipse, [x, y, across, down]) {
  for (const [name, value] of Object.entries({ cx: x, cy: y, rx: across, ry: down })) ellipse.setAttribute(name, value);
}
