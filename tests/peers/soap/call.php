<?php
// PHP's SoapClient as a caller of examples/soap-facade. php call.php WSDL_URL 11|12 [USER PASSWORD text|digest]
// Two lines of JSON, an order and a fault; with a user that is not let in: one line, the fault.
[, $url, $version] = $argv;
$client = new SoapClient($url, ['soap_version' => $version === '12' ? SOAP_1_2 : SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);

// PHP has no WS-Security of its own: people write the block by hand, for each call anew.
function security(string $user, string $password, bool $digest): SoapHeader
{
    $base = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
    [$nonce, $created] = [random_bytes(16), gmdate('Y-m-d\TH:i:s\Z')];
    $shown = $digest ? base64_encode(sha1($nonce . $created . $password, true)) : htmlspecialchars($password);
    $type = $base . 'username-token-profile-1.0#Password' . ($digest ? 'Digest' : 'Text');
    $xml = "<w:Security xmlns:w='{$base}wssecurity-secext-1.0.xsd' xmlns:u='{$base}wssecurity-utility-1.0.xsd'><w:UsernameToken>"
        . '<w:Username>' . htmlspecialchars($user) . "</w:Username><w:Password Type='$type'>$shown</w:Password>"
        . '<w:Nonce>' . base64_encode($nonce) . "</w:Nonce><u:Created>$created</u:Created></w:UsernameToken></w:Security>";
    return new SoapHeader("{$base}wssecurity-secext-1.0.xsd", 'Security', new SoapVar($xml, XSD_ANYXML), true);
}

function order(SoapClient $client, array $who, string $id): object
{
    if ($who) {
        $client->__setSoapHeaders(security($who[0], $who[1], $who[2] === 'digest'));
    }
    return $client->GetOrder(['OrderId' => $id])->Order;
}

$who = array_slice($argv, 3);
try {
    $order = order($client, $who, 'O-1');
} catch (SoapFault $fault) {
    $parts = explode(':', $fault->faultcode);
    echo json_encode(['code' => end($parts), 'says' => $fault->getMessage()]), "\n";
    exit;
}
$line = $order->Line[0];
echo json_encode(['no' => $order->no, 'customer' => $order->Customer, 'status' => $order->Status, 'sku' => $line->Sku,
    'quantity' => (float) $line->Quantity, 'price' => (float) $line->Price->_, 'currency' => $line->Price->currency]), "\n";
try {
    order($client, $who, 'O-2');
} catch (SoapFault $fault) {
    $name = array_key_first((array) $fault->detail);
    $parts = explode(':', $fault->faultcode);
    echo json_encode(['code' => end($parts), 'fault' => '{urn:example:orders}' . $name, 'key' => $fault->detail->$name->Key]), "\n";
}
