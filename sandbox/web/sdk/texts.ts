const ENGLISH = {
  title: "Checkout",
  close: "Close the checkout",
  loading: "Opening the checkout…",
  failed: "The checkout did not open. Check your connection and try again.",
  retry: "Try again",
};

const CHINESE: typeof ENGLISH = {
  title: "收银台",
  close: "关闭收银台",
  loading: "正在打开收银台…",
  failed: "收银台未能打开。请检查网络后重试。",
  retry: "重试",
};

/** Gives the texts in the first of the buyer's languages that there are texts in. */
export function texts(): typeof ENGLISH {
  const known = navigator.languages.find((language) => /^(en|zh)\b/i.test(language));
  return known?.toLowerCase().startsWith("zh") ? CHINESE : ENGLISH;
}
