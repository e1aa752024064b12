/** A line of the CSV files of these tests. */
export interface CsvLine { on: string, amount: string, currency?: string, reference?: string, text?: string, bank?: string }

/** A CSV file of bank lines. */
export const csvOf = (lines: readonly CsvLine[]): string => ['bookedOn,amount,currency,reference,text,bankReference',
  ...lines.map(({ on, amount, currency = 'CNY', reference = '', text = '', bank = '' }) => [on, amount, currency, reference, text, bank].join(','))].join('\r\n')

/**
 * A bank's statement of a day as camt.053.001.04 writes it, with a prefix: opening 100.00, a transfer of 500.00, a batch of two direct debits (60.00 and 40.00), a return of
 * 500.00 with its reason, a pending entry that is in no balance, and a remittance of 345.60 out; closing 100.00 + 500.00 + 100.00 - 500.00 - 345.60 = -145.60.
 */
export const camt = ({ transfer = 'E2E-1', first = 'E2E-2', second = 'E2E-3', remittance = 'NOTPROVIDED', closing = '145.60' } = {}): string => `<?xml version="1.0" encoding="UTF-8"?>
<c:Document xmlns:c="urn:iso:std:iso:20022:tech:xsd:camt.053.001.04" xmlns:x="urn:example:own">
  <c:BkToCstmrStmt>
    <c:GrpHdr><c:MsgId>MSG-20260105</c:MsgId><c:CreDtTm>2026-01-05T23:59:00+08:00</c:CreDtTm></c:GrpHdr>
    <c:Stmt>
      <c:Id>STMT-2026-005</c:Id><c:ElctrncSeqNb>5</c:ElctrncSeqNb><c:CreDtTm>2026-01-05T23:59:00+08:00</c:CreDtTm>
      <c:FrToDt><c:FrDtTm>2026-01-05T00:00:00+08:00</c:FrDtTm><c:ToDtTm>2026-01-05T23:59:59+08:00</c:ToDtTm></c:FrToDt>
      <c:Acct><c:Id><c:IBAN>DE89370400440532013000</c:IBAN></c:Id><c:Ccy>CNY</c:Ccy><c:Svcr><c:FinInstnId><c:BICFI>COBADEFFXXX</c:BICFI></c:FinInstnId></c:Svcr></c:Acct>
      <c:Bal><c:Tp><c:CdOrPrtry><c:Cd>OPBD</c:Cd></c:CdOrPrtry></c:Tp><c:Amt Ccy="CNY">100.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Dt><c:Dt>2026-01-05</c:Dt></c:Dt></c:Bal>
      <c:Bal><c:Tp><c:CdOrPrtry><c:Cd>CLBD</c:Cd></c:CdOrPrtry></c:Tp><c:Amt Ccy="CNY">${closing}</c:Amt><c:CdtDbtInd>DBIT</c:CdtDbtInd><c:Dt><c:Dt>2026-01-05</c:Dt></c:Dt></c:Bal>
      <c:Ntry>
        <c:NtryRef>1</c:NtryRef><c:Amt Ccy="CNY">500.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Sts>BOOK</c:Sts><c:BookgDt><c:Dt>2026-01-05</c:Dt></c:BookgDt><c:ValDt><c:Dt>2026-01-06</c:Dt></c:ValDt>
        <c:AcctSvcrRef>BANK-0001</c:AcctSvcrRef><c:BkTxCd><c:Domn><c:Cd>PMNT</c:Cd></c:Domn></c:BkTxCd>
        <c:NtryDtls><c:TxDtls>
          <c:Refs><c:EndToEndId>${transfer}</c:EndToEndId></c:Refs><c:Amt Ccy="CNY">500.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd>
          <c:RltdPties><c:Dbtr><c:Nm>Zhang Wei</c:Nm></c:Dbtr></c:RltdPties><c:RmtInf><c:Ustrd>Instalment &amp; fees</c:Ustrd></c:RmtInf>
        </c:TxDtls></c:NtryDtls>
      </c:Ntry>
      <c:Ntry>
        <c:NtryRef>2</c:NtryRef><c:Amt Ccy="CNY">100.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Sts>BOOK</c:Sts><c:BookgDt><c:DtTm>2026-01-05T12:00:00+08:00</c:DtTm></c:BookgDt><c:AcctSvcrRef>BANK-0002</c:AcctSvcrRef>
        <c:NtryDtls>
          <c:Btch><c:PmtInfId>BATCH-7</c:PmtInfId><c:NbOfTxs>2</c:NbOfTxs></c:Btch>
          <c:TxDtls><c:Refs><c:EndToEndId>${first}</c:EndToEndId></c:Refs><c:Amt Ccy="CNY">60.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd></c:TxDtls>
          <c:TxDtls><c:Refs><c:EndToEndId>${second}</c:EndToEndId></c:Refs><c:Amt Ccy="CNY">40.00</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd></c:TxDtls>
        </c:NtryDtls>
      </c:Ntry>
      <c:Ntry>
        <c:NtryRef>3</c:NtryRef><c:Amt Ccy="CNY">500.00</c:Amt><c:CdtDbtInd>DBIT</c:CdtDbtInd><c:RvslInd>true</c:RvslInd><c:Sts>BOOK</c:Sts><c:BookgDt><c:Dt>2026-01-05</c:Dt></c:BookgDt><c:AcctSvcrRef>BANK-0003</c:AcctSvcrRef>
        <c:NtryDtls><c:TxDtls>
          <c:Refs><c:EndToEndId>${transfer}</c:EndToEndId></c:Refs><c:Amt Ccy="CNY">500.00</c:Amt><c:CdtDbtInd>DBIT</c:CdtDbtInd><c:RtrInf><c:Rsn><c:Cd>AC04</c:Cd></c:Rsn></c:RtrInf>
        </c:TxDtls></c:NtryDtls>
      </c:Ntry>
      <c:Ntry><c:Amt Ccy="CNY">9999.99</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Sts>PDNG</c:Sts></c:Ntry>
      <c:Ntry>
        <c:NtryRef>4</c:NtryRef><c:Amt Ccy="CNY">345.60</c:Amt><c:CdtDbtInd>DBIT</c:CdtDbtInd><c:Sts>BOOK</c:Sts><c:BookgDt><c:Dt>2026-01-05</c:Dt></c:BookgDt><c:AcctSvcrRef>NONREF</c:AcctSvcrRef>
        <c:NtryDtls><c:TxDtls><c:Refs><c:EndToEndId>${remittance}</c:EndToEndId></c:Refs></c:TxDtls></c:NtryDtls><c:AddtlNtryInf>Transfer out</c:AddtlNtryInf>
      </c:Ntry>
      <x:Own><x:Ntry>not ours</x:Ntry></x:Own>
    </c:Stmt>
  </c:BkToCstmrStmt>
</c:Document>`
