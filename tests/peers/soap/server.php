<?php
// An ERP on PHP ext-soap, contract-first: the conforming one. ERP_WSDL names its WSDL, SOAPV is 11 or 12.
$wsdl = getenv('ERP_WSDL');
$version = getenv('SOAPV') === '12' ? SOAP_1_2 : SOAP_1_1;

class Erp
{
    public function ListCustomers($asked)
    {
        $customers = [];
        foreach ([['C1', '000001', 'Müller & Söhne <GmbH>', 'DE1'], ['C2', '000002', 'Acme "Ltd"', null]] as [$id, $number, $name, $vat]) {
            $customers[] = ['id' => $id, 'Number' => $number, 'Name' => $name, 'VatNumber' => $vat, 'Status' => 'ACTIVE',
                'CreditLimit' => ['_' => '12345678901234.5600', 'currency' => 'EUR'], 'ChangedAt' => '2026-01-01T08:00:00+02:00',
                'LedgerId' => '9223372036854775807', 'Tags' => 'a b c', 'Address' => [], 'CompanyRegNo' => 'HRB 01'];
        }
        return ['Customer' => $customers];
    }

    public function GetOrder($asked)
    {
        switch ($asked->OrderId) {
            case 'O-1':
                $line = ['no' => 1, 'Sku' => '007', 'Quantity' => '2.500', 'UnitPrice' => ['_' => '9.90', 'currency' => 'EUR']];
                return ['Order' => ['OrderId' => 'O-1', 'CustomerNumber' => '000001', 'Line' => [$line]]];
            case 'boom':
                throw new Exception('ORA-00060: deadlock detected');
            default:
                throw new SoapFault('Server', 'no such order', null, ['Entity' => 'Order', 'Key' => $asked->OrderId], 'NotFound');
        }
    }

    public function CreateInvoice($asked)
    {
        return ['InvoiceId' => 'INV-' . $asked->Invoice->ExternalRef . '-' . count((array) $asked->Invoice->Line)];
    }
}

$server = new SoapServer($wsdl, ['soap_version' => $version, 'cache_wsdl' => WSDL_CACHE_NONE]);
$server->setClass('Erp');
$server->handle();
