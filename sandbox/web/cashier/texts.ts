export type Language = "en" | "zh";

const plural = (count: number, one: string) => (count === 1 ? one : `${count} ${one}s`);
const ZH_UNITS: Record<string, string> = { day: "天", week: "周", month: "个月", year: "年" };

const en = {
  title: "Checkout",
  sandbox: "Sandbox",
  sandboxNote: "Sandbox: no real money moves here.",
  language: "Language",
  loading: "Loading the checkout…",
  summary: "Order summary",
  item: "Item",
  subtotal: "Subtotal",
  total: "Total",
  dueToday: "Due today",
  taxLater: "Tax",
  taxUnknown: "depends on your country",
  noRate: "no rate for this place",
  rateUnknown: "The sandbox has no tax rate for this place, so it adds no tax. FastStar computes the binding tax.",
  includes: (rate: string, tax: string) => `Includes ${rate} ${tax}`,
  plus: (rate: string, tax: string) => `Plus ${rate} ${tax}`,
  noTax: "No tax",
  taxes: { vat: "VAT", gst: "GST", sales: "sales tax", consumption: "consumption tax" },
  estimate: (date: string | null) =>
    `Tax is the sandbox's estimate${date ? ` from rates as of ${date}` : ""}; FastStar computes the binding tax.`,
  nothingToday: "Nothing is charged today. The card is saved for later.",
  every: (count: number, unit: string) => (count === 1 ? `per ${unit}` : `every ${count} ${unit}s`),
  perPeriod: (amount: string, period: string) => `${amount} ${period}`,
  trial: (days: number) => `${plural(days, "day")} free`,
  then: (amount: string, period: string) => `Then ${amount} ${period}. `,
  nextCharge: (date: string) => `Next charge on ${date}. Cancel any time before.`,
  heading: { payment: "Pay", subscription: "Subscribe", setup: "Save a card" },
  email: "E-mail",
  country: "Country",
  chooseCountry: "Choose your country",
  region: "State or region",
  anyRegion: "Not specified",
  card: "Card",
  cardNumber: "Card number",
  expiry: "Expiry",
  expiryHint: "MM / YY",
  cvc: "Security code",
  testCards: "Fill in a test card",
  behaviours: {
    succeeds: "Pays",
    declined: "Is declined",
    asks_for_authentication: "Asks the bank",
  } as Record<string, string>,
  pay: (amount: string) => `Pay ${amount}`,
  subscribe: (amount: string) => `Subscribe for ${amount}`,
  startTrial: "Start the trial",
  save: "Save card",
  computing: "Computing the total…",
  working: "Working…",
  expires: (time: string) => `This checkout is open until ${time}.`,
  back: "Back to the shop",
  errors: {
    email: "Enter an e-mail address, such as name@example.com.",
    country: "Choose your country, so that the tax can be computed.",
    number: "Enter one of the test cards. The sandbox takes no other.",
    expiry: "Enter a month and year to come, such as\u00a012\u00a0/\u00a030.",
    cvc: "Enter the 3 or 4 digits.",
    fields: "Some fields need your attention.",
    card_declined: "The card was declined. Nothing was charged; try another card.",
    amount_changed: "The total has changed, and nothing was charged. Look at it and pay again.",
    unreachable: "The sandbox did not answer. Try again; you will not be charged twice.",
    other: "That did not work, and nothing was charged. Try again.",
  },
  bank: {
    heading: "Your bank asks: is it you?",
    text: (amount: string, last4: string) =>
      `A bank would ask here for a code or in its app, before it lets the card ending in ${last4} pay ${amount}.`,
    save: (last4: string) =>
      `A bank would ask here for a code or in its app, before it lets the card ending in ${last4} be saved.`,
    approve: "Yes, approve",
    fail: "No, refuse",
    cancel: "Use another card",
  },
  done: {
    payment: "Payment successful",
    subscription: "Subscription started",
    setup: "Card saved",
    card: (brand: string, last4: string) => `${brand} ending in ${last4}`,
    paid: (amount: string, card: string) => `${amount} was paid with ${card}.`,
    trialUntil: (date: string) => `Free until ${date}.`,
    redirecting: "Taking you back to the shop…",
  },
  already: {
    payment: "This order is already paid",
    subscription: "This subscription has already started",
    setup: "The card is already saved",
    text: "Nothing more is to be done, and nothing is charged again.",
  },
  expired: {
    heading: "This checkout has expired",
    text: (time: string) => `It was open until ${time}. Nothing was charged. Start again in the shop.`,
  },
  missing: {
    heading: "This checkout does not exist",
    text: "The link may be incomplete. Open it again from the shop.",
  },
  failed: {
    heading: "The checkout did not load",
    text: "The sandbox did not answer. Check that it is running, and try again.",
  },
  retry: "Try again",
  finish: "Done",
  proceed: "Continue to the shop",
};

export type Texts = typeof en;

const zh: Texts = {
  title: "收银台",
  sandbox: "沙盒",
  sandboxNote: "沙盒环境：不会发生真实扣款。",
  language: "语言",
  loading: "正在加载收银台…",
  summary: "订单摘要",
  item: "商品",
  subtotal: "小计",
  total: "合计",
  dueToday: "今日应付",
  taxLater: "税",
  taxUnknown: "取决于您所在的国家或地区",
  noRate: "该地区无税率",
  rateUnknown: "沙盒没有该地区的税率，因此未计税，以 FastStar 计算结果为准。",
  includes: (rate, tax) => `含 ${rate} ${tax}`,
  plus: (rate, tax) => `另加 ${rate} ${tax}`,
  noTax: "无需缴税",
  taxes: { vat: "增值税", gst: "商品及服务税", sales: "销售税", consumption: "消费税" },
  estimate: (date) => `税额为沙盒${date ? `按 ${date}的税率` : ""}估算，以 FastStar 计算结果为准。`,
  nothingToday: "今日不扣款，仅保存银行卡以备日后使用。",
  every: (count, unit) => (count === 1 ? `每${ZH_UNITS[unit]?.replace("个", "") ?? unit}` : `每 ${count} ${ZH_UNITS[unit] ?? unit}`),
  perPeriod: (amount, period) => `${period} ${amount}`,
  trial: (days) => `免费试用 ${days} 天`,
  then: (amount, period) => `之后${period} ${amount}。`,
  nextCharge: (date) => `下次扣款日期：${date}。此前可随时取消。`,
  heading: { payment: "付款", subscription: "订阅", setup: "保存银行卡" },
  email: "电子邮箱",
  country: "国家或地区",
  chooseCountry: "请选择国家或地区",
  region: "州或省",
  anyRegion: "未指定",
  card: "银行卡",
  cardNumber: "卡号",
  expiry: "有效期",
  expiryHint: "月 / 年",
  cvc: "安全码",
  testCards: "填入测试卡",
  behaviours: { succeeds: "付款成功", declined: "被拒绝", asks_for_authentication: "需银行验证" },
  pay: (amount) => `支付 ${amount}`,
  subscribe: (amount) => `订阅并支付 ${amount}`,
  startTrial: "开始试用",
  save: "保存银行卡",
  computing: "正在计算总额…",
  working: "处理中…",
  expires: (time) => `此收银台有效期至 ${time}。`,
  back: "返回商店",
  errors: {
    email: "请输入电子邮箱，例如 name@example.com。",
    country: "请选择国家或地区，以便计算税额。",
    number: "请使用测试卡；沙盒不接受其他卡。",
    expiry: "请输入未过期的月份和年份，例如\u00a012\u00a0/\u00a030。",
    cvc: "请输入 3 或 4 位数字。",
    fields: "请检查填写的内容。",
    card_declined: "银行卡被拒绝，未扣款。请换一张卡。",
    amount_changed: "总额已变更，未扣款。请核对后再次支付。",
    unreachable: "沙盒没有响应。请重试，不会重复扣款。",
    other: "操作未成功，未扣款。请重试。",
  },
  bank: {
    heading: "银行验证：是您本人吗？",
    text: (amount, last4) => `在尾号 ${last4} 的卡支付 ${amount} 之前，银行会在此要求输入验证码或在其应用中确认。`,
    save: (last4) => `在保存尾号 ${last4} 的卡之前，银行会在此要求输入验证码或在其应用中确认。`,
    approve: "是，批准",
    fail: "否，拒绝",
    cancel: "使用其他卡",
  },
  done: {
    payment: "支付成功",
    subscription: "订阅已开始",
    setup: "银行卡已保存",
    card: (brand, last4) => `${brand}（尾号 ${last4}）`,
    paid: (amount, card) => `已使用 ${card}支付 ${amount}。`,
    trialUntil: (date) => `免费试用至 ${date}。`,
    redirecting: "正在返回商店…",
  },
  already: {
    payment: "此订单已支付",
    subscription: "此订阅已开始",
    setup: "银行卡已保存过",
    text: "无需再做任何操作，也不会再次扣款。",
  },
  expired: {
    heading: "此收银台已过期",
    text: (time) => `有效期至 ${time}，未扣款。请回到商店重新开始。`,
  },
  missing: {
    heading: "此收银台不存在",
    text: "链接可能不完整，请从商店重新打开。",
  },
  failed: {
    heading: "收银台未能加载",
    text: "沙盒没有响应。请确认它正在运行，然后重试。",
  },
  retry: "重试",
  finish: "完成",
  proceed: "继续前往商店",
};

export const TEXTS: Record<Language, Texts> = { en, zh };

/** Finds the first of the buyer's languages that there are texts in, and the locale to format in. */
export function choose(languages: readonly string[]): { language: Language; locale: string } {
  for (const locale of languages) {
    const language = locale.slice(0, 2).toLowerCase();
    if (language === "zh" || language === "en") return { language, locale };
  }
  // A buyer without either reads English, with amounts and dates as at home.
  return { language: "en", locale: languages[0] ?? "en" };
}

const VAT =
  "VAT|IVA|TVA|TVA/BTW|btw|PDV|moms|FPA|DPH|DDV|km|USt|TVSH|PVN|PVM|MwSt|MWST|MVA|DDS|ÁFA|VSK|KDV|PPN|ALV".split("|");

/** Calls a tax what the buyer's language calls its kind; others keep their own name. */
export function taxName(name: string, texts: Texts): string {
  const kind = (part: string) => {
    if (VAT.includes(part)) return texts.taxes.vat;
    if (part === "JCT") return texts.taxes.consumption;
    if (part === "GST") return texts.taxes.gst;
    // The documented example's rate, for the US without a state.
    if (part === "sales tax" || part === "sandbox") return texts.taxes.sales;
    return part;
  };
  return [...new Set(name.split(" + ").map(kind))].join(" + ");
}

/** Says what a price costs per period, in words. */
export function period(price: { recurring_interval?: string; recurring_interval_count?: number }, texts: Texts): string {
  return texts.every(price.recurring_interval_count ?? 1, price.recurring_interval ?? "");
}

