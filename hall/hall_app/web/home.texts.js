/**
 * The words of the home page.
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "home.title": ["首页", "Home"],
  "home.what": ["政务服务大厅排队叫号与运行管理", "Queueing and operations of a government service hall"],
  "home.lead": [
    "这台服务器管理大厅的取号、叫号、显示屏、语音、去向留言和监督。请选择要打开的页面。",
    "This server runs the hall's tickets, calls, screens, voice, absence notices and supervision. Choose a page.",
  ],
  "home.ready": ["服务器运行正常", "The server is running"],
  "home.not_ready": [
    "服务器暂时不能保存数据，磁盘可能已满，请联系运维人员",
    "The server cannot store anything right now; the disk may be full. Please call the technician",
  ],
  "home.away": ["服务器没有回应，正在重试", "The server does not answer, trying again"],

  "home.demo": ["演示", "Demonstration"],
  "home.demo_text": ["以下入口已经配对，点开即用；市民和窗口人员由程序模拟。", "These links open pages that are paired already; citizens and clerks are simulated."],

  "home.screens": ["取号机与大厅屏幕", "Kiosks and screens"],
  "home.staff": ["窗口与导办", "Counters and guide desk"],
  "home.office": ["管理与监督", "Management and supervision"],

  "home.kiosk": ["取号机", "Ticket kiosk"],
  "home.kiosk_text": ["触摸屏自助取号、预约签到、过号签到。", "Taking a ticket at a touch screen, checking in."],
  "home.hall_screen": ["大厅主屏", "Hall screen"],
  "home.hall_screen_text": ["等候区大屏：最新叫号、各队列等候、公示和语音。", "For the waiting area: latest calls, who waits, notices and voice."],
  "home.window_screen": ["窗口屏", "Window screen"],
  "home.window_screen_text": ["窗口上方：当前号码、工作人员信息或去向留言。", "Above one window: the number, the clerk, or where the clerk went."],
  "home.counter": ["窗口工作台", "Counter"],
  "home.counter_text": ["窗口人员叫号、办理、转移、暂离留言，可放在业务系统旁边。", "Clerks call, serve, transfer and post their absence; fits beside other software."],
  "home.pad": ["评价器", "Rating pad"],
  "home.pad_text": ["窗口前的平板：工作人员信息，办结后请群众评价。", "The tablet at a window: the clerk's card, and the question when a service has ended."],
  "home.guide": ["导办台", "Guide desk"],
  "home.guide_text": ["代取号、补打、换号、取消、核实绿色通道。", "Issuing, reprinting, exchanging and cancelling tickets, verifying priority."],
  "home.supervision": ["运行监督", "Supervision"],
  "home.supervision_text": ["需要处理的提醒，市、县、乡、村各大厅和每个窗口的实时状态。", "What needs a person now; halls and windows at all four levels, live."],
  "home.cases": ["评价与投诉", "Cases"],
  "home.cases_text": ["差评、投诉和办不成事：指派、回访、整改、复核，直到了结。", "Bad ratings, complaints and unresolved matters, from the first call back to their end."],
  "home.figures": ["评价统计", "Ratings in figures"],
  "home.figures_text": ["满意率、评价率、差评和回访，按窗口、人员、事项、日期和大厅。", "Satisfaction, ratings and call-backs by window, clerk, matter, day and hall."],
  "home.admin": ["大厅管理", "Administration"],
  "home.admin_text": ["窗口、队列、事项、人员、开放时间、规则、文字、设备和账号。", "Windows, queues, services, clerks, hours, rules, texts, devices and accounts."],
  "home.signin": ["登录", "Sign in"],
  "home.signin_text": ["管理和监督人员用账号密码登录。", "Managers and supervisors sign in with a password."],
  "home.signed_in": ["您已登录：{name}", "Signed in as {name}"],

  "home.needs_code": ["首次打开需配对码", "needs a pairing code once"],
  "home.needs_account": ["需登录", "needs an account"],
  "home.code_hint": ["屏幕、取号机和工作台首次打开时输入一次配对码；配对码在“大厅管理 → 设备”中生成。", "Screens, kiosks and counters ask for a pairing code once; make it under Administration, Devices."],
  "home.phone_hint": ["市民手机上的页面没有固定地址：扫描号票上的二维码打开。", "The page on a citizen's phone has no fixed address: it opens from the code on the ticket."],
};
