/**
 * The words that hall and window screens share. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "window.before": ["", "Window"],
  "window.after": ["号窗口", ""],
  "window.number": ["{n}号窗口", "Window {n}"],
  "to": ["到", "to"],
  "go_to": ["请到{n}号窗口", "Please go to window {n}"],
  "caption": ["请{number}到{window}号窗口", "{number}, please go to window {window}"],
  "back_at": ["预计{at}返回", "Back at {at}"],
  "back_was": ["原定{at}返回", "Was due back at {at}"],
  "sound.blocked": ["声音未开启，请点击屏幕开启声音", "Sound is off. Touch the screen to turn it on."],
  "sound.none": ["语音不可用，请看屏幕显示", "No voice available. Please watch the screen."],
};
