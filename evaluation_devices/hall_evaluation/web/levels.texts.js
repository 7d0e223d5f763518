/**
 * The words that everything about ratings shares. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "level.very_satisfied": ["非常满意", "Very satisfied"],
  "level.satisfied": ["满意", "Satisfied"],
  "level.mostly_satisfied": ["基本满意", "Fairly satisfied"],
  "level.dissatisfied": ["不满意", "Dissatisfied"],
  "level.very_dissatisfied": ["非常不满意", "Very dissatisfied"],
  "levels": ["请选择满意程度", "How satisfied are you"],

  "details.reasons": ["哪里不满意？", "What went wrong?"],
  "details.reasons_hint": ["可多选，也可以不选", "Choose any, or none"],
  "details.text": ["还想说的话", "Anything else"],
  "details.text_hint": ["可以不填", "Optional"],
  "details.phone": ["联系电话", "Phone number"],
  "details.phone_hint": ["可以不填；留下电话，工作人员会回访您", "Optional. With a number we can call you back."],
  "details.phone_wrong": ["请检查电话号码，例如 13800001234 或 0499-8921000", "Please check the number, e.g. 13800001234"],

  "clerk_no": ["工号", "No."],
  "stars": ["{n}星", "{n} {n|star|stars}"],
};
