/** What 12 CFR 1006.18(e) wants said, and left open after it: the first communication says what it is for, each later one from whom it is. */
export const law = "{% if jurisdiction == 'US' %}{% if isInitial %}{% disclosure 'attemptingToCollectAndInformationUsed' %}{% else %}{% disclosure 'fromDebtCollector' %}{% endif %}"
