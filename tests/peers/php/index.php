<?php
// An ERP on PHP ext-soap, contract-first with the WSDL of examples/erp-to-crm: a SOAP stack that is not ours judges what we write.
//
//   php -d soap.wsdl_cache_enabled=0 -S 127.0.0.1:18110 index.php
//
// ERP_WSDL, ERP_USER, ERP_PASSWORD; ERP_CUSTOMERS (how many, 250), ERP_PAGE (customers of a page, 100), ERP_BUSY_AT (the call that
// is answered with BusyFault, none), ERP_LEDGER (a file that gets a JSON line for each call, each customer served and each fault;
// spanwright-world reads the same words).

const DEFAULT_WSDL = __DIR__ . '/../../../examples/erp-to-crm/schemas/erp.wsdl';

final class Ledger
{
    private int $call;

    public function __construct(private readonly string $path)
    {
        $lines = is_file($path) ? file($path) : [];
        $this->call = 1 + count(array_filter($lines, fn ($line) => str_contains($line, '"what":"asked"')));
    }

    public function call(): int
    {
        return $this->call;
    }

    public function line(string $what, array $fields): void
    {
        $line = ['what' => $what, 'at' => (int) (microtime(true) * 1000), 'call' => $this->call] + $fields;
        $text = json_encode($line, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
        file_put_contents($this->path, $text . "\n", FILE_APPEND | LOCK_EX);
    }
}

/** Customer by index: the same each time. Money is counted in units of 0.00001. */
final class Customer
{
    private const NAMES = [['Jürgen', 'Müller'], ['Anna', "O'Neill"], ['Łukasz', 'Nowak'], [null, 'Weiß & Söhne'], ['Zoë', '<Klein>']];
    private const STATUS = ['ACTIVE', 'ACTIVE', 'BLOCKED', 'PROSPECT', 'CLOSED'];

    public int $balance = 0;

    public function __construct(private readonly int $index)
    {
        foreach ($this->items() as $item) {
            $this->balance -= $item['paid'] * 1000;
            foreach ($item['lines'] as [$thousandths, $cents]) {
                $this->balance += $thousandths * $cents;
            }
        }
    }

    public function number(): string
    {
        return (string) (200001 + $this->index);
    }

    public function email(): string
    {
        return "Customer.{$this->index}@Php.Example";
    }

    /** Local time of Berlin, twenty minutes after its predecessor, never at night. */
    public function changedAt(): string
    {
        [$day, $minute] = [intdiv($this->index, 48), ($this->index % 48) * 20 + 5 * 60];
        return (new DateTimeImmutable('2026-01-01'))->modify("+$day days +$minute minutes")->format('Y-m-d\TH:i:s');
    }

    public function balanceText(): string
    {
        $size = abs($this->balance);
        $text = ($this->balance < 0 ? '-' : '') . sprintf('%d.%05d', intdiv($size, 100000), $size % 100000);
        return rtrim(rtrim($text, '0'), '.');
    }

    /** As the type of the WSDL wants it; what is absent is left out, null is nil. */
    public function element(): array
    {
        $index = $this->index;
        [$first, $last] = self::NAMES[$index % 5];
        $company = $index % 3 === 0;
        $parts = [
            'id' => 'C' . $this->number(),
            'Number' => $this->number(),
            'Email' => $this->email(),
            'Status' => self::STATUS[$index % 5],
            'Blocked' => $index % 5 === 2,
            'Segment' => $company ? ['B2B', 'RESELLER'][$index % 2] : 'B2C',
            'LedgerId' => (string) (PHP_INT_MAX - $index),
            'CreatedAt' => '2020-02-29T12:00:00',
            'ChangedAt' => $this->changedAt(),
            'Address' => $this->addresses(),
            'OpenItem' => array_map($this->item(...), $this->items()),
        ];
        $parts += $company ? ['CompanyName' => "$last GmbH", 'CompanyRegNo' => "HRB 0$index"] : ['LastName' => $last, 'PersonId' => "P-$index"];
        $parts += !$company && $first !== null ? ['FirstName' => $first] : [];
        $parts += $index % 4 === 0 ? [] : ['VatNumber' => $index % 4 === 1 ? null : "DE$index"];
        $parts += $index % 2 ? ['Newsletter' => $index % 4 === 1, 'Tags' => 'php peer', 'CustomerSince' => '2001-02-03+01:00', 'Rating' => 1 + $index % 5] : [];
        $limit = ['_' => '12345678901234.' . sprintf('%04d', $index % 10000), 'currency' => 'EUR'];
        $parts += $company ? [] : ['CreditLimit' => $limit, 'DiscountPercent' => '2.50', 'Language' => 'DEFP'[$index % 4]];
        return $parts + ($index % 7 ? [] : ['any' => '<x:Run xmlns:x="urn:example:legacy">7</x:Run>']);
    }

    private function addresses(): array
    {
        $address = ['Street' => 'Straße des 17. Juni 1', 'Zip' => '00501', 'City' => 'Köln', 'Country' => 'DE'];
        return array_map(fn ($kind) => $address + ['kind' => $kind], array_slice(['SHIP', 'BILL', 'HOME'], 0, $this->index % 4));
    }

    private function items(): array
    {
        $item = fn (int $n) => ['n' => $n, 'paid' => $n * 10, 'lines' => [[2500 + $this->index, 990], [3000, 10 + $n]]];
        return array_map($item, range(1, 2 - $this->index % 2));
    }

    private function item(array $item): array
    {
        $line = fn (array $line, int $position) => [
            'no' => $position, 'Sku' => '007', 'Quantity' => sprintf('%d.%03d', intdiv($line[0], 1000), $line[0] % 1000),
            'UnitPrice' => ['_' => self::cents($line[1]), 'currency' => 'EUR'],
        ];
        return [
            'document' => "R-{$this->index}-{$item['n']}", 'DueDate' => '2026-06-01+02:00', 'DunningLevel' => $this->index % 4,
            'Paid' => self::cents($item['paid']), 'Line' => array_map($line, $item['lines'], [10, 20]),
        ];
    }

    private static function cents(int $amount): string
    {
        return sprintf('%d.%02d', intdiv($amount, 100), $amount % 100);
    }
}

final class Erp
{
    public function __construct(private readonly Ledger $ledger)
    {
    }

    public function ListCustomers(object $request): array
    {
        $token = $request->PageToken ?? '';
        $this->ledger->line('asked', ['changed_since' => $request->ChangedSince, 'page_token' => $token]);
        if ($this->ledger->call() === (int) getenv('ERP_BUSY_AT')) {
            $this->ledger->line('fault', ['why' => 'busy']);
            throw new SoapFault('Server', 'month is being closed', null, ['RetryAfterSeconds' => 1], 'BusyFault');
        }
        $all = array_map(fn ($index) => new Customer($index), range(0, self::number('ERP_CUSTOMERS', 250) - 1));
        $new = array_values(array_filter($all, fn ($customer) => $customer->changedAt() >= $request->ChangedSince));
        [$from, $size] = [(int) substr($token, 1), $request->PageSize ?? self::number('ERP_PAGE', 100)];
        $page = array_slice($new, $from, $size);
        array_map($this->note(...), $page);
        $answer = ['Customer' => array_map(fn ($customer) => $customer->element(), $page)];
        return $answer + ($from + $size < count($new) ? ['NextPageToken' => 'p' . ($from + $size)] : []);
    }

    public function GetCustomer(object $request): array
    {
        $this->ledger->line('asked', ['number' => $request->Number]);
        $index = (int) $request->Number - 200001;
        if ($index < 0 || $index >= self::number('ERP_CUSTOMERS', 250)) {
            throw new SoapFault('Client', 'no such customer', null, ['Entity' => 'Customer', 'Key' => $request->Number], 'NotFoundFault');
        }
        return ['Customer' => (new Customer($index))->element()];
    }

    private function note(Customer $customer): void
    {
        $this->ledger->line('served', [
            'customer' => $customer->number(), 'version' => $customer->changedAt(),
            'email' => strtolower($customer->email()), 'balance' => $customer->balanceText(),
        ]);
    }

    private static function number(string $variable, int $usual): int
    {
        return (int) (getenv($variable) ?: $usual);
    }
}

$ledger = new Ledger(getenv('ERP_LEDGER') ?: sys_get_temp_dir() . '/php-erp.jsonl');
if (($_SERVER['PHP_AUTH_USER'] ?? '') !== getenv('ERP_USER') || ($_SERVER['PHP_AUTH_PW'] ?? '') !== getenv('ERP_PASSWORD')) {
    $ledger->line('refused', ['status' => 401]);
    header('WWW-Authenticate: Basic realm="erp"', true, 401);
    exit('Authentication required');
}
$server = new SoapServer(getenv('ERP_WSDL') ?: DEFAULT_WSDL, ['soap_version' => SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE]);
$server->setObject(new Erp($ledger));
$server->handle();
