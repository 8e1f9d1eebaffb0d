// @ts-check
// Inside Home Assistant's frame the page takes over its colours and language; elsewhere those of the browser.

const NAMES = [
  "--primary-background-color",
  "--card-background-color",
  "--primary-text-color",
  "--secondary-text-color",
  "--divider-color",
  "--primary-color",
];

/** The document around the frame, if it is ours to look at. */
function around() {
  try {
    return window.parent !== window ? window.parent.document.documentElement : null;
  } catch {
    return null;
  }
}

/** Copy Home Assistant's colours, if the page is in its frame. */
export function follow() {
  const outside = around();
  if (!outside) return;
  const given = getComputedStyle(outside);
  const root = document.documentElement;
  for (const name of NAMES) {
    const value = given.getPropertyValue(name).trim();
    if (value) root.style.setProperty(name, value);
  }
  const background = given.getPropertyValue(NAMES[0]).trim();
  if (background) root.dataset.theme = isDark(background) ? "dark" : "light";
}

/** The language to speak: Home Assistant's, else the browser's; two letters. */
export function language() {
  return (around()?.lang || navigator.language || "en").slice(0, 2).toLowerCase();
}

/** @param {string} colour any CSS colour */
function isDark(colour) {
  const canvas = document.createElement("canvas").getContext("2d");
  if (!canvas) return false;
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
