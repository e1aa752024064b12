import type { Source } from '../core.ts'
import { law } from './law.core.ts'

/** What § 13a RDG wants of the first demand, as far as whoever sends has stated it: without it the law says no. */
const first = ['creditorNameAddress', 'claimBasis', 'interestCalculation', 'costBreakdown', 'supervisoryAuthority']
  .map(name => `{% if statements.${name} %}{% disclosure '${name}' %}\n{% endif %}`).join('')

/** The reminder by SMS. */
export const sms: Source = {
  subject: null, html: null,
  text: `{{ agency.name }} für {{ lender.name }}:{% for debt in debts %} {{ debt.owed | money }} offen, Aktenzeichen endet auf {{ debt.referenceEnding }}, fällig am {{ debt.dueOn | day }}.{% endfor %} ${law} {% endif %}{% optOut 'replyStop' %}`,
}

const claim = `{% for debt in debts %}Offener Betrag: {{ debt.owed | money }}
Aktenzeichen endet auf: {{ debt.referenceEnding }}
Fällig am: {{ debt.dueOn | day }}

{% endfor %}{% if isInitial and jurisdiction == 'DE' %}${first}
{% endif %}`

/** The reminder by e-mail. */
export const email: Source = {
  subject: 'Eine Nachricht von {{ agency.name }}', html: null,
  text: `Guten Tag,

{{ agency.name }} schreibt Ihnen im Auftrag von {{ lender.name }}.

${claim}Wenn Sie bereits gezahlt haben, danken wir Ihnen: Sie brauchen nichts mehr zu tun. Wenn Sie die Forderung für unrichtig halten oder sie nicht sofort begleichen können, antworten Sie uns bitte.

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
Guten Tag,

wir schreiben Ihnen im Auftrag von {{ lender.name }}.

${claim}Wenn Sie bereits gezahlt haben, danken wir Ihnen: Sie brauchen nichts mehr zu tun. Wenn Sie die Forderung für unrichtig halten oder sie nicht sofort begleichen können, teilen Sie es uns bitte mit.

{% if paymentHint %}{{ paymentHint }}

{% endif %}${law}

{% endif %}{{ agency.name }}`,
}
