// What her hands do in Thunderbird, by the functions that its own menus, keys and drags call. Put before each script.
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const calendar = cal.manager.getCalendarById("hers");
const main = Services.wm.getMostRecentWindow("mail:3pane");

const until = async (found, what) => {
  for (let tries = 0; tries < 2400; tries++) {
    const value = await found();
    if (value) {
      return value;
    }
    await new Promise(again => main.setTimeout(again, 25));
  }
  throw new Error("not in time: " + what);
};
const events = calendar.ITEM_FILTER_TYPE_EVENT | calendar.ITEM_FILTER_COMPLETED_ALL;
const item = async () => (await calendar.getItemsAsArray(events, 0, null, null))[0];

// --- the event dialog ---

const EDITS = "Calendar:EventDialog";
const dialog = async () => {
  const open = await until(() => Services.wm.getMostRecentWindow(EDITS), "the dialog");
  const frame = await until(() => open.document.getElementById("calendar-item-panel-iframe"), "its panel");
  const inside = await until(() => frame.contentWindow?.onLoad?.hasLoaded && frame.contentWindow, "its fields");
  return { open, inside, text: inside.document.getElementById("item-description").contentWindow };
};
const save = async open => {
  open.document.getElementById("button-saveandclose").doCommand();
  await until(() => !Services.wm.getMostRecentWindow(EDITS), "the end of the dialog");
};
// Key by key, as from a keyboard: the editor makes its own HTML of it.
const type = (window, words) => {
  const keyboard = Cc["@mozilla.org/text-input-processor;1"].createInstance(Ci.nsITextInputProcessor);
  keyboard.beginInputTransactionForTests(window);
  for (const sign of words) {
    const key = sign == "\n" ? { key: "Enter", code: "Enter", keyCode: 13 } : { key: sign };
    const pressed = new window.KeyboardEvent("", key);
    keyboard.keydown(pressed);
    keyboard.keyup(pressed);
  }
};
// The place of some words in her text, whatever tags stand between their letters.
const selected = (window, words) => {
  const walk = window.document.createTreeWalker(window.document.body, window.NodeFilter.SHOW_TEXT);
  const places = [];
  let seen = "";
  while (walk.nextNode()) {
    for (let at = 0; at < walk.currentNode.length; at++) {
      places.push([walk.currentNode, at]);
    }
    seen += walk.currentNode.data;
  }
  const from = seen.indexOf(words);
  if (from < 0) {
    throw new Error("not in her text: " + words);
  }
  const [first, last] = [places[from], places[from + words.length - 1]];
  window.focus();
  window.getSelection().setBaseAndExtent(first[0], first[1], last[0], last[1] + 1);
};
