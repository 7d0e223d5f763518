/**
 * The words that the home, sign-in, supervision and administration pages share.
 * Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const appTexts = {
  "app.name": ["政务大厅运行管理", "Hall operations"],
  "app.skip": ["跳到正文", "Skip to content"],
  "nav.label": ["页面", "Pages"],
  "nav.home": ["首页", "Home"],
  "nav.supervision": ["监督", "Supervision"],
  "nav.cases": ["评价与投诉", "Cases"],
  "nav.figures": ["评价统计", "Ratings"],
  "nav.admin": ["管理", "Administration"],
  "nav.signout": ["退出登录", "Sign out"],
  "nav.signin": ["登录", "Sign in"],
  "nav.user": ["当前账号：{name}", "Signed in as {name}"],

  "role.manager": ["大厅管理员", "Hall manager"],
  "role.supervisor": ["监督人员", "Supervisor"],
  "role.admin": ["系统管理员", "System administrator"],
  "role.security": ["安全管理员", "Security administrator"],
  "role.auditor": ["审计员", "Auditor"],

  "level.city": ["市", "City"],
  "level.county": ["旗县区", "County"],
  "level.township": ["苏木乡镇", "Township"],
  "level.village": ["嘎查村", "Village"],
  "level.short.city": ["市", "City"],
  "level.short.county": ["县", "County"],
  "level.short.township": ["乡", "Town"],
  "level.short.village": ["村", "Village"],

  "denied.title": ["这个账号不能打开此页面", "This account cannot open this page"],
  "denied.text": [
    "账号“{name}”的角色是：{roles}。请换一个账号登录，或请系统管理员调整角色。",
    "The account \"{name}\" has these roles: {roles}. Sign in with another account, or ask the system administrator.",
  ],
  "denied.none": ["无", "none"],
  "denied.switch": ["换一个账号登录", "Sign in with another account"],
  "denied.home": ["回到首页", "To the home page"],

  "again.title": ["登录已过期", "Your session has ended"],
  "again.text": [
    "请再输入一次密码。已填写的内容都还在，登录后接着办。",
    "Please enter your password again. Nothing you typed is lost.",
  ],
  "again.name": ["账号", "Account"],
  "again.password": ["密码", "Password"],
  "again.submit": ["继续", "Continue"],

  "unit.people": ["{n}人", "{n}"],
  "unit.under_minute": ["不到1分钟", "under 1 min"],
  "unit.minutes": ["{n}分钟", "{n} min"],
  "unit.hours": ["{h}小时{m}分", "{h} h {m} min"],
  "unit.hours_only": ["{h}小时", "{h} h"],
  "unit.min_short": ["{n}分", "{n} min"],
  "unit.hours_short": ["{h}时{m}分", "{h} h {m}"],
  "unit.days": ["{n}天", "{n} {n|day|days}"],
  "unit.just_now": ["刚刚", "just now"],
  "unit.ago": ["{time}前", "{time} ago"],
  "window.n": ["{n}号窗口", "Window {n}"],

  "list.and": ["、", ", "],
  "list.filter": ["筛选", "Filter"],

  "problem.wrong_role": ["当前账号无权进行此操作。", "This account may not do that."],
  "problem.wrong_hall": ["当前账号不管理这个大厅。", "This account does not manage this hall."],
  "problem.session_ended": ["登录已过期，请重新登录。", "Your session has ended. Please sign in again."],
  "problem.no_credentials": ["请先登录。", "Please sign in first."],
  "problem.cannot_store": ["服务器暂时不能保存（磁盘可能已满），请稍后再试或联系运维。", "The server cannot store anything right now (the disk may be full). Try again shortly."],
  "problem.user_exists": ["已有同名用户。", "There is already an account of this name."],
  "problem.own_account": ["不能停用自己的账号，也不能修改自己的角色和范围。", "You cannot disable your own account, nor change its roles and scope."],
  "problem.setup_changed": ["设置刚刚被另一位管理员修改过，本次没有保存。请查看最新内容后再改；再次保存会以您的为准。", "Another manager has just changed the setup, and nothing was saved. Look at what is there now; saving again puts yours in place."],
  "problem.hall_exists": ["已有同样编号的大厅。", "There is already a hall with this id."],
  "problem.unknown_alert": ["没有这条提醒，或它已经结束。", "This alert does not exist or has ended."],
  "problem.alert_state": ["这条提醒已经是这个状态。", "The alert is in this state already."],
  "problem.own_alert": ["这条提醒涉及您本人，请由其他人处理。", "This alert is about you; somebody else must handle it."],
};
