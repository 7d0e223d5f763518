/**
 * The words of the administration's tab for ratings. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const evaluationTexts = {
  "tab.evaluation": ["评价设置", "Ratings"],
  "evaluation.lead": ["评价器怎样询问，差评的原因，以及回访和整改的期限", "How pads ask, the reasons, and the days for following up"],
  "evaluation.seconds": ["秒", "s"],
  "evaluation.workdays": ["个工作日", "working days"],

  "evaluation.section.pad": ["评价器", "Pads"],
  "evaluation.sentence.own": ["办结后评价器询问 {ask} 秒；{hold} 秒内叫下一位也不打断。无人按键记为“未评价”，不计为满意。", "After a service the pad asks for {ask} s; calling the next person does not cut it off before {hold} s. If nobody presses, it counts as not rated, never as satisfied."],
  "evaluation.sentence.url": ["办结后评价器打开下面的页面 {ask} 秒。在该页面所作的评价由该系统记录，本系统记为“未评价”。", "After a service the pad opens the page below for {ask} s. What is rated there is recorded there; here it counts as not rated."],
  "evaluation.ask_s": ["询问时间", "Asks for"],
  "evaluation.ask_s.hint": ["按键后立即结束。", "Ends at once when somebody presses."],
  "evaluation.hold_s": ["至少保留", "Stays at least"],
  "evaluation.hold_s.hint": ["叫了下一位，问题也至少保留这么久。", "Also when the next person is called."],
  "evaluation.thanks_s": ["致谢时间", "Thanks for"],
  "evaluation.thanks_s.hint": ["之后回到人员卡片。", "Then the clerk's card is back."],
  "evaluation.voice": ["语音提示", "Spoken words"],
  "evaluation.voice.hint": ["说一遍，同时显示为标题；选了哪一级从不播报。", "Said once and shown as the heading. Levels are never spoken."],
  "evaluation.mode": ["评价页面", "Page"],
  "evaluation.mode.hint": ["省里要求使用统一评价页面的，选择打开网址。", "Open an address where the province requires its own page."],
  "evaluation.mode.own": ["本系统的五级评价", "This system's five levels"],
  "evaluation.mode.url": ["打开网址", "Open an address"],
  "evaluation.url": ["网址", "Address"],
  "evaluation.url.hint": ["{token}、{number}、{window} 会换成评价码、号码和窗口号。", "{token}, {number} and {window} are filled in."],

  "evaluation.section.bad": ["不满意和非常不满意", "Bad levels"],
  "evaluation.reasons": ["可以勾选的原因", "Reasons to tick"],
  "evaluation.reasons.hint": ["按评价器上的顺序，最多 12 条；改文字不影响以前的统计。", "In the pad's order, 12 at most. New words do not change older figures."],
  "evaluation.reasons.text": ["原因", "Reason"],
  "evaluation.reasons.text_en": ["英文（可不填）", "English (optional)"],
  "evaluation.reasons.add": ["+ 增加原因", "+ Add a reason"],
  "evaluation.reasons.empty": ["有原因没有填写。", "A reason is empty."],
  "evaluation.reasons.twice": ["有两条原因相同。", "Two reasons are the same."],
  "evaluation.free_text": ["可以写意见", "Words may be added"],
  "evaluation.free_text.hint": ["最多 500 字，到期删除。", "At most 500 characters; deleted in time."],

  "evaluation.section.later": ["事后评价", "Later"],
  "evaluation.supplementary_days": ["补充评价", "Late ratings"],
  "evaluation.supplementary_days.hint": ["次个工作日结束前可用手机评价；之后再给这么多个工作日补评，0 表示不允许。", "By phone until the end of the next working day; then so many more. 0: none."],

  "evaluation.section.cases": ["差评和投诉的办理期限", "Days for cases"],
  "evaluation.contact_days": ["回访", "Contact"],
  "evaluation.contact_days.hint": ["从收到的次日起算。", "Counted from the day after."],
  "evaluation.rectify_days": ["整改", "Rectify"],
  "evaluation.rectify_days.hint": ["不能立即解决的，限期整改。", "When it cannot be settled at once."],
  "evaluation.last_days": ["最长", "At most"],
  "evaluation.last_days.hint": ["到期仍未办结，提醒监督人员。", "Supervision is told when it has not ended by then."],
  "evaluation.last_days.short": ["不能短于回访和整改的期限。", "Cannot be shorter than contact and rectify."],
};
