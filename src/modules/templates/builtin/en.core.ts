import type { Source } from '../core.ts'
import { law } from './law.core.ts'

/** The reminder by SMS. */
export const sms: Source = {
  subject: null, html: null,
  text: `{{ agency.name }} for {{ lender.name }}:{% for debt in debts %} {{ debt.owed | money }} is owed on account ending {{ debt.referenceEnding }}, due {{ debt.dueOn | day }}.{% endfor %} ${law} {% endif %}{% optOut 'replyStop' %}`,
}

/** The reminder by e-mail. */
export const email: Source = {
  subject: 'A message from {{ agency.name }}', html: null,
  text: `Hello,

{{ agency.name }} writes to you on behalf of {{ lender.name }}.

{% for debt in debts %}Owed now: {{ debt.owed | money }}
Account ending: {{ debt.referenceEnding }}
Due on: {{ debt.dueOn | day }}

{% endfor %}If you have paid, thank you: nothing more is needed. If you think this is wrong, or cannot pay it at once, reply and tell us.

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
Hello,

We write to you on behalf of {{ lender.name }}.

{% for debt in debts %}Owed now: {{ debt.owed | money }}
Account ending: {{ debt.referenceEnding }}
Due on: {{ debt.dueOn | day }}

{% endfor %}If you have paid, thank you: nothing more is needed. If you think this is wrong, or cannot pay it at once, please tell us.

{% if paymentHint %}{{ paymentHint }}

{% endif %}${law}

{% endif %}{{ agency.name }}`,
}
