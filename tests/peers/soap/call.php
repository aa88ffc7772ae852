<?php
// PHP's SoapClient as a caller of examples/soap-facade. php call.php WSDL_URL 11|12: two lines of JSON, an order and a fault.
[, $url, $version] = $argv;
$client = new SoapClient($url, ['soap_version' => $version === '12' ? SOAP_1_2 : SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$order = $client->GetOrder(['OrderId' => 'O-1'])->Order;
$line = $order->Line[0];
echo json_encode(['no' => $order->no, 'customer' => $order->Customer, 'status' => $order->Status, 'sku' => $line->Sku,
    'quantity' => (float) $line->Quantity, 'price' => (float) $line->Price->_, 'currency' => $line->Price->currency]), "\n";
try {
    $client->GetOrder(['OrderId' => 'O-2']);
} catch (SoapFault $fault) {
    $name = array_key_first((array) $fault->detail);
    $parts = explode(':', $fault->faultcode);
    echo json_encode(['code' => end($parts), 'fault' => '{urn:example:orders}' . $name, 'key' => $fault->detail->$name->Key]), "\n";
}
