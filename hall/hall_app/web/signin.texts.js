/**
 * The words of the sign-in page.
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "signin.title": ["登录", "Sign in"],
  "signin.lead": ["供大厅管理员、监督人员、系统与安全管理员、审计员使用。", "For hall managers, supervisors, administrators and auditors."],
  "signin.clerks": ["窗口人员不在这里登录：请在窗口工作台用工号登录。", "Clerks do not sign in here: use the staff number at the counter page."],
  "signin.name": ["用户名", "Name"],
  "signin.password": ["密码", "Password"],
  "signin.show": ["显示密码", "Show password"],
  "signin.submit": ["登录", "Sign in"],
  "signin.busy": ["正在登录…", "Signing in…"],
  "signin.caps": ["大写锁定已打开", "Caps Lock is on"],
  "signin.name_missing": ["请填写用户名。", "Please enter the name."],
  "signin.password_missing": ["请填写密码。", "Please enter the password."],
  "signin.wrong": [
    "用户名或密码不正确，请核对后重试。连续输错 5 次，账号会锁定十分钟。",
    "Wrong name or password. After 5 wrong attempts in a row the account is locked for ten minutes.",
  ],
  "signin.locked": [
    "连续输错次数过多，账号已锁定十分钟，最晚 {at} 可以再试。急用请另一位系统管理员重设密码。",
    "Too many wrong attempts: the account is locked for ten minutes, until {at} at the latest. If it is urgent, ask another administrator to reset the password.",
  ],
  "signin.too_many": [
    "这台电脑尝试次数过多，最晚 {at} 可以再试。",
    "Too many attempts from this computer. Try again at {at} at the latest.",
  ],
  "signin.forgotten": ["忘记密码", "Forgotten the password"],
  "signin.forgotten_text": [
    "请另一位系统管理员在“管理 → 账号”中重设。只有一位管理员时，请运维人员在服务器上执行：",
    "Another administrator can reset it under Administration, Accounts. If there is only one, run this on the server:",
  ],
  "signin.again": ["请登录后继续。登录后会回到刚才的页面。", "Please sign in; you will return to where you were."],
  "signin.here": ["您已登录：{name}", "You are signed in as {name}"],
  "signin.roles": ["角色：{roles}", "Roles: {roles}"],
  "signin.go": ["进入{page}", "Open {page}"],
  "signin.other": ["退出，换一个账号", "Sign out, use another account"],
};
