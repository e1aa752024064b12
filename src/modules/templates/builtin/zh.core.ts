import type { Source } from '../core.ts'
import { law } from './law.core.ts'

/** The reminder by SMS. */
export const sms: Source = {
  subject: null, html: null,
  text: `【{{ agency.name }}】受{{ lender.name }}委托提醒:{% for debt in debts %}您尾号{{ debt.referenceEnding }}的账户已于{{ debt.dueOn | day }}到期,现欠{{ debt.owed | money }}。{% endfor %}如已还款请忽略。${law}{% endif %}{% optOut 'replyStop' %}`,
}

/** The reminder by e-mail. */
export const email: Source = {
  subject: '来自{{ agency.name }}的通知', html: null,
  text: `您好:

{{ agency.name }}受{{ lender.name }}委托,就以下欠款与您联系。

{% for debt in debts %}现欠金额:{{ debt.owed | money }}
账户尾号:{{ debt.referenceEnding }}
到期日:{{ debt.dueOn | day }}

{% endfor %}如您已还款,请忽略本邮件。如对欠款有异议或暂时难以还清,请回复本邮件告知我们。

{% if paymentHint %}{{ paymentHint }}

{% endif %}${law}

{% endif %}{% optOut 'replyStop' %}`,
}

/** The reminder by post. */
export const letter: Source = {
  subject: null, html: null,
  text: `{{ agency.name }}
{% if agency.contact %}{{ agency.contact }}
{% endif %}
您好:

我们受{{ lender.name }}委托,就以下欠款与您联系。

{% for debt in debts %}现欠金额:{{ debt.owed | money }}
账户尾号:{{ debt.referenceEnding }}
到期日:{{ debt.dueOn | day }}

{% endfor %}如您已还款,请忽略本函。如对欠款有异议或暂时难以还清,请与我们联系。

{% if paymentHint %}{{ paymentHint }}

{% endif %}${law}

{% endif %}{{ agency.name }}`,
}
