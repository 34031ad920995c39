/** The default theme with the fonts that the reader's system has: nothing is loaded for them. */
import Theme from 'vitepress/theme-without-fonts';
import './prefork.css';

export default Theme;
