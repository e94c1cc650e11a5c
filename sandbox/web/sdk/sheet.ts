import css from "./overlay.css";

let made: CSSStyleSheet | undefined;

/** Gives the overlay's style as an object: a shop's policy may refuse style elements. */
export function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(css);
  }
  return made;
}
