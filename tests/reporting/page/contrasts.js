// Returns the contrast of every element with words of its own against the colour behind it.
() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const linear = channels(color).slice(0, 3).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const ownWords = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("body *")]
    .filter((element) => !["SCRIPT", "NOSCRIPT", "STYLE", "OPTION"].includes(element.tagName) && ownWords(element))
    .filter((element) => element.getClientRects().length > 0)
    .map((element) => {
      const style = getComputedStyle(element);
      const words = element instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [luminance(words), luminance(behind(element))].sort((x, y) => y - x);
      return { ratio: (a + 0.05) / (b + 0.05), text: element.textContent.trim().slice(0, 40), color: words };
    });
}
