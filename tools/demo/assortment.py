"""What the demo retailer sells, category by category: how much it costs, how often it runs out, when it is wanted.

A category of the tree takes two lines: department, name, price, cycle_days, reach, several, peak_month, swing, and
occasions; then variants and pack sizes. `cycle_days` is how long a typical household's purchase lasts, `reach` the
share of households that buy the category at all, `several` the share of purchases of more than one product;
`peak_month` (7.5 = mid-July) and `swing` are its season; `occasions` name the holidays before which it is wanted more
(season.py). Brands are invented.
"""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """A category of the product tree and how households use it.

    Attributes:
        department: Department of the category.
        name: Name of the category.
        variants: Kinds of products.
        sizes: Sizes of packs.
        price: Dollars for the middle pack.
        cycle_days: How long a typical household's purchase lasts.
        reach: Share of households that buy the category at all.
        several: Share of purchases of more than one product.
        peak_month: Middle of its season (7.5 is mid-July).
        swing: Strength of its season.
        occasions: Holidays before which it is wanted more, with commas between.
    """

    department: str
    name: str
    variants: tuple[str, ...]
    sizes: tuple[str, ...]
    price: float
    cycle_days: float
    reach: float
    several: float
    peak_month: float
    swing: float
    occasions: str


STORE_BRAND = "Basket Basics"
BRANDS: dict[str, tuple[str, ...]] = {
    "Produce": ("Green Furrow", "Sunny Acre", "Orchard Row"),
    "Dairy & Eggs": ("Clover Hill", "Meadowgold Farm", "Old Barn", "Alpenhof"),
    "Bakery": ("Hearthstone", "Miller & Rye", "Golden Crust"),
    "Meat & Seafood": ("Prairie Butcher", "Harbor Catch", "Red Gate Ranch"),
    "Frozen": ("Frostfield", "Polar Pantry", "Nonna Lia", "Quick Supper"),
    "Pantry": ("Larder & Co", "Mama Bruna", "Good Grain", "Silver Spoonful"),
    "Snacks & Candy": ("Crackle", "Salty Pete", "Sweet Harbor", "Nutwell"),
    "Beverages": ("Fizzwell", "Blue Spring", "Morning Peak", "Grove Street"),
    "Household": ("Brightly", "Softleaf", "Tough Tom", "Pure Hollow"),
    "Health & Beauty": ("Lumena", "Mintly", "Vitalis Root", "Fair Skin Co"),
    "Baby": ("Tiny Steps", "Little Pear", "Cuddlewell"),
    "Pet": ("Good Boy", "Whisker & Co", "Wild Paw"),
}
SUPPLIERS: dict[str, str] = {
    brand: f"{brand.split()[0]} Foods Inc." if index % 2 else f"{brand} LLC"
    for brands in BRANDS.values()
    for index, brand in enumerate(brands)
} | {STORE_BRAND: "Basketry Stores Inc."}

MARGINS: dict[str, float] = {
    "Produce": 0.38,
    "Dairy & Eggs": 0.24,
    "Bakery": 0.42,
    "Meat & Seafood": 0.26,
    "Frozen": 0.30,
    "Pantry": 0.28,
    "Snacks & Candy": 0.34,
    "Beverages": 0.27,
    "Household": 0.25,
    "Health & Beauty": 0.40,
    "Baby": 0.18,
    "Pet": 0.24,
}

_TREE = """
Produce|Fresh Fruit|3.49|6|.90|.45|7.0|.20|
  Bananas,Gala Apples,Navel Oranges,Strawberries,Red Grapes,Blueberries|1 lb,2 lb,3 lb
Produce|Fresh Vegetables|2.79|6|.88|.45|8.0|.10|thanksgiving
  Roma Tomatoes,Broccoli,Carrots,Yellow Onions,Bell Peppers,Russet Potatoes|1 lb,2 lb,5 lb
Produce|Salad Kits|4.29|9|.50|.15|6.5|.20|
  Caesar Salad,Spring Mix,Southwest Salad,Baby Spinach|5 oz,10 oz
Dairy & Eggs|Milk|3.59|7|.86|.05|1.0|.03|
  Whole Milk,2% Milk,Skim Milk,Oat Milk,Lactose Free Milk|1 qt,1/2 gal,1 gal
Dairy & Eggs|Eggs|4.19|11|.82|.02|4.0|.05|easter,christmas
  Large White Eggs,Large Brown Eggs,Cage Free Eggs|6 ct,12 ct,18 ct
Dairy & Eggs|Yogurt|4.49|9|.62|.40|5.0|.06|
  Plain Yogurt,Strawberry Yogurt,Vanilla Greek Yogurt,Peach Yogurt|5.3 oz,24 oz,32 oz
Dairy & Eggs|Cheese|4.79|10|.78|.25|12.0|.08|superbowl,christmas
  Sharp Cheddar,Mozzarella,Swiss Slices,Cream Cheese,String Cheese|8 oz,16 oz
Dairy & Eggs|Butter|4.99|18|.66|.05|12.0|.30|thanksgiving,christmas
  Salted Butter,Unsalted Butter,Spreadable Butter|8 oz,16 oz
Bakery|Bread|3.69|7|.86|.15|1.0|.03|
  Whole Wheat Bread,White Bread,Sourdough,Multigrain Bread,Bagels|16 oz,20 oz,24 oz
Bakery|Buns & Tortillas|3.29|16|.58|.15|7.0|.35|july4,memorial,labor
  Hamburger Buns,Hot Dog Buns,Flour Tortillas,Corn Tortillas|8 ct,10 ct,20 ct
Bakery|Cakes & Pastries|7.49|28|.42|.08|12.0|.15|thanksgiving,christmas,easter
  Chocolate Cake,Apple Pie,Cinnamon Rolls,Blueberry Muffins|4 ct,20 oz,32 oz
Meat & Seafood|Beef|8.99|13|.66|.15|7.0|.15|july4,memorial,labor
  Ground Beef 80/20,Ground Beef 93/7,Ribeye Steak,Chuck Roast|1 lb,2 lb,3 lb
Meat & Seafood|Chicken|7.99|11|.74|.15|2.0|.05|superbowl
  Chicken Breast,Chicken Thighs,Whole Chicken,Chicken Wings|1 lb,2.5 lb,4 lb
Meat & Seafood|Seafood|11.99|24|.36|.08|3.5|.15|christmas
  Salmon Fillet,Raw Shrimp,Tilapia,Cod Fillet|12 oz,1 lb,2 lb
Meat & Seafood|Bacon & Sausage|6.49|18|.52|.10|7.0|.12|july4,christmas
  Smoked Bacon,Turkey Bacon,Italian Sausage,Breakfast Links|12 oz,16 oz
Frozen|Frozen Meals|4.99|12|.46|.50|1.5|.12|
  Chicken Alfredo,Beef Lasagna,Veggie Bowl,Mac & Cheese,Teriyaki Chicken|9 oz,12 oz,38 oz
Frozen|Ice Cream|5.49|17|.60|.15|7.3|.55|july4
  Vanilla Ice Cream,Chocolate Ice Cream,Cookie Dough,Fruit Bars|1 pt,1.5 qt,12 ct
Frozen|Frozen Pizza|6.99|18|.46|.20|1.5|.10|superbowl
  Pepperoni Pizza,Four Cheese Pizza,Supreme Pizza|12 oz,20 oz,28 oz
Frozen|Frozen Vegetables|2.89|20|.52|.25|1.5|.15|thanksgiving
  Mixed Vegetables,Sweet Corn,Green Peas,Broccoli Florets|12 oz,32 oz
Pantry|Pasta & Sauce|2.49|15|.70|.35|1.5|.10|
  Spaghetti,Penne,Marinara Sauce,Alfredo Sauce,Basil Pesto|16 oz,24 oz
Pantry|Canned Soup|2.29|18|.52|.45|1.2|.55|
  Chicken Noodle Soup,Tomato Soup,Clam Chowder,Minestrone|10 oz,18 oz
Pantry|Cereal|4.69|14|.66|.20|9.0|.06|
  Honey Oats,Corn Flakes,Granola,Raisin Bran,Chocolate Puffs|12 oz,18 oz,24 oz
Pantry|Baking Supplies|3.99|40|.48|.35|12.2|.70|thanksgiving,christmas
  All Purpose Flour,Granulated Sugar,Brown Sugar,Chocolate Chips,Vanilla Extract|1 lb,2 lb,5 lb
Pantry|Rice & Beans|2.99|26|.54|.20|1.0|.05|
  Long Grain Rice,Jasmine Rice,Black Beans,Pinto Beans|15 oz,2 lb,5 lb
Pantry|Condiments|3.79|32|.62|.20|7.0|.30|july4,memorial,labor
  Ketchup,Yellow Mustard,Mayonnaise,Ranch Dressing,Barbecue Sauce|12 oz,20 oz,30 oz
Snacks & Candy|Chips|4.49|10|.72|.30|7.0|.15|superbowl,july4
  Classic Potato Chips,Tortilla Chips,Sour Cream & Onion Chips,Kettle Chips|8 oz,13 oz
Snacks & Candy|Cookies & Crackers|3.99|13|.66|.25|12.0|.10|christmas
  Chocolate Chip Cookies,Sandwich Cookies,Saltines,Wheat Crackers|9 oz,14 oz,18 oz
Snacks & Candy|Candy|4.99|18|.54|.30|10.5|.15|halloween,easter,valentine,christmas
  Milk Chocolate Bar,Gummy Bears,Peanut Butter Cups,Hard Candy Mix|3 oz,10 oz,30 oz
Snacks & Candy|Nuts|8.49|26|.38|.08|12.0|.25|christmas
  Roasted Almonds,Cashews,Mixed Nuts,Trail Mix|8 oz,16 oz
Beverages|Soft Drinks|6.49|9|.64|.25|7.2|.20|july4,superbowl
  Cola,Diet Cola,Lemon Lime Soda,Root Beer,Ginger Ale|2 L,12 pk,24 pk
Beverages|Coffee|11.49|21|.62|.05|1.0|.12|
  Medium Roast Ground,Dark Roast Ground,Coffee Pods,Instant Coffee|12 oz,24 oz,32 ct
Beverages|Juice|4.29|12|.56|.15|6.5|.10|
  Orange Juice,Apple Juice,Cranberry Juice,Lemonade|52 oz,64 oz
Beverages|Bottled Water|5.49|13|.50|.10|7.3|.35|july4
  Spring Water,Sparkling Water,Lime Sparkling Water|12 pk,24 pk,40 pk
Household|Laundry Detergent|12.99|36|.72|.04|1.0|.02|
  Fresh Linen Detergent,Free & Clear Detergent,Laundry Pods|46 oz,92 oz,150 oz
Household|Paper Towels|11.99|30|.68|.02|1.0|.03|
  Select-a-Size Towels,Full Sheet Towels|2 ct,6 ct,12 ct
Household|Toilet Paper|13.49|27|.82|.02|1.0|.03|
  Ultra Soft Tissue,Ultra Strong Tissue|6 ct,12 ct,24 ct
Household|Dish & Cleaning|5.99|30|.68|.25|4.3|.15|
  Dish Soap,Dishwasher Pods,All Purpose Cleaner,Glass Cleaner|20 oz,32 oz,60 ct
Household|Trash Bags|10.49|44|.58|.02|10.5|.10|
  Kitchen Drawstring Bags,Large Outdoor Bags|30 ct,50 ct,80 ct
Health & Beauty|Shampoo|6.99|38|.58|.30|6.0|.04|
  Daily Shampoo,Moisture Conditioner,Anti-Dandruff Shampoo|12 oz,24 oz
Health & Beauty|Toothpaste|4.99|36|.66|.10|1.0|.02|
  Whitening Toothpaste,Sensitive Toothpaste,Fresh Mint Toothpaste|4 oz,6 oz,2 pk
Health & Beauty|Vitamins|12.49|48|.34|.20|1.2|.35|
  Multivitamin,Vitamin C,Vitamin D,Omega 3|60 ct,120 ct,200 ct
Health & Beauty|Cold & Allergy|9.99|50|.40|.25|2.0|.45|
  Allergy Relief,Cold & Flu Caplets,Cough Drops,Nasal Spray|24 ct,48 ct,70 ct
Baby|Diapers|27.99|15|.14|.04|1.0|.02|
  Size 1 Diapers,Size 3 Diapers,Size 5 Diapers,Training Pants|26 ct,72 ct,128 ct
Baby|Baby Food|3.49|8|.13|.60|1.0|.02|
  Apple Puree,Sweet Potato Puree,Oat Cereal,Teething Crackers|4 oz,8 oz,6 ct
Pet|Dog Food|23.99|24|.36|.12|1.0|.02|
  Chicken & Rice Dog Food,Beef Dog Food,Puppy Food,Dog Treats|5 lb,15 lb,30 lb
Pet|Cat Food|16.99|19|.27|.20|1.0|.02|
  Salmon Cat Food,Chicken Cat Food,Indoor Cat Food|3 lb,7 lb,24 ct
Pet|Cat Litter|14.49|25|.26|.02|1.0|.02|
  Clumping Litter,Lightweight Litter|14 lb,20 lb,40 lb
"""


def _read(head: str, packs: str) -> Category:
    department, name, *numbers, occasions = head.split("|")
    variants, sizes = packs.strip().split("|")
    price, cycle, reach, several, peak, swing = (float(number) for number in numbers)
    return Category(
        department=department,
        name=name,
        variants=tuple(variants.split(",")),
        sizes=tuple(sizes.split(",")),
        price=price,
        cycle_days=cycle,
        reach=reach,
        several=several,
        peak_month=peak,
        swing=swing,
        occasions=occasions,
    )


_LINES = _TREE.strip().splitlines()
CATEGORIES: tuple[Category, ...] = tuple(_read(*pair) for pair in zip(_LINES[::2], _LINES[1::2], strict=True))
