/**
 * The words that all pages share. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const core = {
  "offline.title": ["网络中断，正在重新连接", "No connection, reconnecting"],
  "offline.text": ["号码以现场工作人员通知为准", "Please follow the staff's instructions meanwhile"],
  "starting.title": ["正在连接服务器", "Connecting to the server"],
  "starting.text": ["连接成功后自动显示，无需操作", "The page will appear by itself"],

  "error.network": ["网络中断，请稍后再试", "No connection. Please try again shortly."],
  "error.server": ["系统暂时无法处理，请稍后再试", "The system cannot do this right now. Please try again shortly."],
  "error.denied": ["没有权限进行此操作，请重新登录或联系管理员", "Not allowed. Please sign in again or ask the administrator."],

  "pair.title": ["设备配对", "Pair this device"],
  "pair.kind.kiosk": ["取号机", "Ticket kiosk"],
  "pair.kind.guide": ["导办台", "Guide desk"],
  "pair.kind.counter": ["窗口工作台", "Counter"],
  "pair.kind.display": ["显示屏", "Display"],
  "pair.kind.pad": ["评价器", "Rating pad"],
  "pair.kind.agent": ["外设程序", "Device agent"],
  "pair.kind.camera": ["摄像机", "Camera"],
  "pair.kind.supervisor": ["监督", "Supervision"],
  "pair.kind.admin": ["管理", "Administration"],
  "pair.hint": ["请输入管理页面“设备”中生成的配对码，例如 ABCD-2345", "Enter the pairing code from Admin, Devices, e.g. ABCD-2345"],
  "pair.code": ["配对码", "Pairing code"],
  "pair.submit": ["配对", "Pair"],
  "pair.keys": ["显示屏幕键盘", "Show keys"],
  "pair.delete": ["删除", "Delete"],
  "pair.wrong_kind": ["此设备登记为“{kind}”，不能打开本页面。请用新的配对码重新配对。", "This device is registered as “{kind}” and cannot open this page. Pair it again with a new code."],
  "pair.failed": ["配对码不正确或已过期，请向管理员索取新的配对码", "The code is wrong or has expired. Ask the administrator for a new one."],

  // The usual reasons of an away notice; a hall's own ones are shown as it wrote them.
  "absence.会议": ["会议", "meeting"],
  "absence.培训": ["培训", "training"],
  "absence.送件": ["送件", "delivering files"],
  "absence.现场勘验": ["现场勘验", "site visit"],
  "absence.业务请示": ["业务请示", "consultation"],
  "absence.就餐": ["就餐", "meal"],
  "absence.请假": ["请假", "leave"],
  "absence.设备故障": ["设备故障", "equipment fault"],
  "absence.短时离开": ["短时离开", "short break"],

  "wait.minutes": ["约{low}–{high}分钟", "{low}–{high} min"],
  "wait.one": ["约{n}分钟", "about {n} min"],
  "wait.within": ["{n}分钟以内", "within {n} min"],
  "wait.hours": ["约{low}–{high}小时", "{low}–{high} hours"],
  "wait.clock": ["约{low}–{high}", "{low}–{high}"],
  "wait.clock_one": ["约{at}", "about {at}"],
  "wait.unknown": ["暂无法估计", "no estimate yet"],

  "date.long": ["{month}月{day}日 {weekday}", "{weekday}, {day} {month_name}"],

  "date.tomorrow": ["明天", "tomorrow"],

  "ok": ["确定", "OK"],
  "cancel": ["取消", "Cancel"],
  "close": ["关闭", "Close"],
  "back": ["返回", "Back"],
  "retry": ["再试一次", "Try again"],
  "undo": ["撤销", "Undo"],
  "read_aloud": ["朗读", "Read aloud"],
  "read_aloud.stop": ["停止朗读", "Stop reading"],
  "language.other": ["English", "中文"],

  "window.state.closed": ["未开放", "Closed"],
  "window.state.open": ["空闲", "Open"],
  "window.state.calling": ["叫号中", "Calling"],
  "window.state.serving": ["办理中", "Serving"],
  "window.state.away": ["暂离", "Away"],
  "ticket.state.waiting": ["等候中", "Waiting"],
  "ticket.state.called": ["请前往窗口", "Called"],
  "ticket.state.serving": ["办理中", "Being served"],
  "ticket.state.held": ["暂缓办理", "On hold"],
  "ticket.state.finished": ["已办结", "Finished"],
  "ticket.state.no_show": ["已过号", "Missed"],
  "ticket.state.cancelled": ["已取消", "Cancelled"],
  "ticket.state.expired": ["已失效", "Expired"],
};
