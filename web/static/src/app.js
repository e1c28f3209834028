// What the pages do beyond links and forms. All of them work without this file.
import "./htmx.js";
import "htmx.org/dist/ext/hx-csp.js";
import "htmx.org/dist/ext/hx-sse.js";
import { startClock } from "./clock.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startLog } from "./log.js";
import { startStream } from "./stream.js";
import { startTemplateForm } from "./template-form.js";
import { startUpgrade } from "./upgrade.js";

document.documentElement.classList.add("js");
startClock();
startForms();
startTemplateForm();
startKeys();
startLog();
startStream();
startUpgrade();
