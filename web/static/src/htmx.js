// The extensions look for a global htmx, so it is set before they are evaluated.
import htmx from "htmx.org/dist/htmx.esm.js";

globalThis.htmx = htmx;
