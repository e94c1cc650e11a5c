// 从你的服务端拿到会话 url,再打开弹层
const { url } = await (await fetch('/api/checkout', { method: 'POST' })).json();
FastStar.checkout.open({ url });
FastStar.on('checkout.success', (data) => {
// 仅界面交互——履约由 payment.succeeded Webhook 驱动
console.log('已支付', data.checkout_session_id);
window.location.href = '/thanks';
});
